"""Addresses of the public pages of messages and meetings."""

from django.urls import path

from contact.views import bookings, calendars, contact, meetings, messages

app_name = "contact"

urlpatterns = [
    path("contact/", contact.contact, name="contact"),
    path("contact/message/", messages.message, name="message"),
    path("contact/message/sent/", messages.message_sent, name="message_sent"),
    path("contact/meeting/", meetings.meeting, name="meeting"),
    path("meeting/<str:token>/", bookings.booking, name="booking"),
    path("meeting/<str:token>/meeting.ics", calendars.booking_calendar, name="booking_calendar"),
    path("calendars/<str:secret>.ics", calendars.host_calendar, name="host_calendar"),
]
