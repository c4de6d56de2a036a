import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.clickjacking import xframe_options_sameorigin


def break_down(request):
    raise RuntimeError("broken on purpose")


def with_policy(request):
    return HttpResponse(headers={"Content-Security-Policy": "default-src 'self'"})


urlpatterns = [
    path("framed", xframe_options_sameorigin(lambda request: HttpResponse("a preview"))),
    path("broken", break_down),
    path("with-policy", with_policy),
    path("", include("codesite.urls")),
]


def policy_of(response) -> dict[str, list[str]]:
    """The directives of a response's content security policy."""
    directives = [directive.split() for directive in response.headers["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in directives}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/", "/codes/?q=a", "/codes/?q=a&format=json", "/nosuch", "/livez", "/admin/login/"]
)
def test_every_answer_forbids_scripts_and_styles_inside_the_page(client, address):
    policy = policy_of(client.get(address))

    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["form-action"] == policy["connect-src"] == policy["frame-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "data:"]


def test_every_answer_closes_the_camera_and_the_like(client):
    features = client.get("/livez").headers["Permissions-Policy"].split(", ")

    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(features)
    assert all(feature.endswith("=()") for feature in features)


def test_no_answer_may_be_framed(client):
    assert client.get("/livez").headers["X-Frame-Options"] == "DENY"


@pytest.mark.urls(__name__)
def test_view_may_let_our_own_pages_frame_it(client):
    response = client.get("/framed")

    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert policy_of(response) == {**policy_of(client.get("/livez")), "frame-ancestors": ["'self'"]}


@pytest.mark.urls(__name__)
def test_policy_of_a_view_is_kept(client):
    assert client.get("/with-policy").headers["Content-Security-Policy"] == "default-src 'self'"


@pytest.mark.urls(__name__)
def test_page_about_a_failure_has_the_policy():
    response = Client(raise_request_exception=False).get("/broken")

    assert response.status_code == 500
    assert policy_of(response)["style-src"] == ["'self'"]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("address", "status"), [("/broken", 500), ("/nosuch", 404)])
def test_error_pages_of_development_keep_their_inline_style(settings, address, status):
    settings.DEBUG = True

    response = Client(raise_request_exception=False).get(address)

    assert response.status_code == status
    assert b"<style>" in response.content
    assert "Content-Security-Policy" not in response.headers
    assert "Content-Security-Policy" in Client().get("/livez").headers


@pytest.mark.django_db
def test_form_without_its_token_answers_with_a_page_of_ours():
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})

    assert response.status_code == 403
    assert b"The form was not sent" in response.content
    assert b"<style" not in response.content
