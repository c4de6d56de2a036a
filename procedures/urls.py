"""Public addresses of codes. The address of a code has no closing slash; see the views for its other spellings."""

from django.urls import path, re_path

from procedures import previews
from procedures.views import codes, compare, decode, developers, suggest

app_name = "procedures"
urlpatterns = [
    path("", codes.home, name="home"),
    path("codes/", codes.codes, name="codes"),
    # These three have to stand before the code systems.
    path("codes/suggest/", suggest.suggest, name="suggest"),
    path("codes/decode/", decode.decode, name="decode"),
    path("codes/compare/", compare.compare, name="compare"),
    path("codes/<slug:system>/", codes.system, name="system"),
    path("developers/", developers.developers, name="developers"),
    re_path(r"^code/(?P<system>[-\w]+)/(?P<spelling>[^/]+)/?$", codes.code, name="code"),
    re_path(r"^code/(?P<system>[-\w]+)/(?P<spelling>[^/]+)/changes/?$", codes.changes, name="changes"),
    path("preview/<str:token>/", previews.signed_preview, name="preview"),
]
