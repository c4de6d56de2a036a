"""Headers of pages for one person alone."""

import datetime

import pytest
from django.utils import timezone

from contact.links import booking_token
from tests.factories import create_booking, create_host, create_meeting_type


@pytest.fixture
def host(db):
    return create_host()


@pytest.fixture
def file_url(host):
    start = timezone.now() + datetime.timedelta(days=3)
    booking = create_booking(create_meeting_type(hosts=[host]), host, start)
    return f"/meeting/{booking_token(booking)}/meeting.ics"


def assert_private(response):
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Referrer-Policy"] == "strict-origin"


@pytest.mark.parametrize("method", ["get", "head"])
def test_private_page_is_kept_by_nobody_and_tells_no_path(client, file_url, method):
    response = getattr(client, method)(file_url)
    assert response.status_code == 200
    assert_private(response)


def test_page_that_is_not_there_is_as_private(client, file_url):
    response = client.get(file_url.replace(":", ":x"))
    assert response.status_code == 404
    assert_private(response)
    assert "There is no page at this address" in response.text


def test_page_that_is_not_there_is_the_same_with_debug(client, file_url, settings):
    settings.DEBUG = True
    response = client.get(file_url.replace(":", ":x"))
    assert response.status_code == 404
    assert "There is no page at this address" in response.text


def test_refused_method_is_as_private(client, file_url):
    response = client.post(file_url)
    assert response.status_code == 405
    assert_private(response)
