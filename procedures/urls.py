"""Public addresses of codes. The address of a code has no closing slash; see the views for its other spellings."""

from django.urls import path, re_path

from procedures import previews, views

app_name = "procedures"
urlpatterns = [
    path("", views.home, name="home"),
    path("codes/", views.codes, name="codes"),
    path("codes/<slug:system>/", views.system, name="system"),
    re_path(r"^code/(?P<system>[-\w]+)/(?P<spelling>[^/]+)/?$", views.code, name="code"),
    re_path(r"^code/(?P<system>[-\w]+)/(?P<spelling>[^/]+)/changes/?$", views.changes, name="changes"),
    path("preview/<str:token>/", previews.signed_preview, name="preview"),
]
