"""Where on this site a visitor came from: the code and the page that an address or a form carries along."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import Resolver404, resolve

from contact.text_fields import LineField
from procedures.code_parameters import code_parameter, find_codes
from procedures.models import MedicalCode

# Addresses that hold a secret, and the desk, are not kept; nor is any page of these that is private.
PUBLIC_NAMESPACES = ("procedures", "policies")
PRIVATE_PAGES = ("procedures:preview",)


@dataclass(frozen=True)
class Origin:
    """The code that a visitor read about, or None, and the path of the page, or ""."""

    code: MedicalCode | None = None
    page: str = ""

    @property
    def query(self) -> str:
        """What addresses carry along: code=hcpcs:J9302&page=/policy/..., or nothing."""
        parameters = {"code": self.code and code_parameter(self.code), "page": self.page}
        return urlencode({name: text for name, text in parameters.items() if text}, safe=":/")

    @property
    def code_as_written(self) -> str:
        """The shortest text by which the code is found again: J9302, or hcpcs:J9302 where another system has J9302."""
        if self.code is None:
            return ""
        return (
            self.code.code if find_codes([self.code.code])[self.code.code] == self.code else code_parameter(self.code)
        )


class OriginForm(forms.Form):
    """The parameters `code` and `page`. It never refuses: what it cannot read is as if it were not there."""

    code = LineField(required=False, max_length=60)
    page = LineField(required=False, max_length=300)


def read_origin(parameters: QueryDict) -> Origin:
    """The origin that the parameters of an address, or the fields of a form, name."""
    form = OriginForm({"code": parameters.get("code", ""), "page": parameters.get("page", "")})
    form.is_valid()
    text = form.cleaned_data.get("code", "")
    return Origin(find_codes([text])[text] if text else None, public_path(form.cleaned_data.get("page", "")))


def public_path(path: str) -> str:
    """The path, if it is one of a public page of this site; "" for anything else. It keeps no query string."""
    path = path.partition("?")[0].partition("#")[0]
    if not path.startswith("/") or path.startswith("//"):
        return ""
    try:
        match = resolve(path)
    except Resolver404:
        return ""
    return path if match.namespace in PUBLIC_NAMESPACES and match.view_name not in PRIVATE_PAGES else ""
