"""Decodes a bill that a visitor pasted. The text is neither kept nor logged: it lives as long as its request."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.debug import SafeExceptionReporterFilter
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from procedures.bill_csv import write_csv
from procedures.decode_form import DecodeForm
from procedures.decoded_bill import decode_bill
from procedures.freshness import public_page


class UndecodableBill(Exception):
    """Decoding failed. It names the kind of the error, whose own words could repeat the text."""


class NothingOfTheRequest(SafeExceptionReporterFilter):
    """Reports of errors show neither what was sent nor the variables of any function, on no site."""

    def get_post_parameters(self, request):
        return {}

    def get_traceback_frame_variables(self, request, tb_frame):
        return []


# Without a token against forged requests, whose cookie would keep the page from shared caches: the answer changes
# nothing, and is the same for everybody who sends the same text.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def decode(request: HttpRequest) -> HttpResponse:
    """GET shows the form, POST answers: as a page, or with format=csv or format=json as that.

    The text travels in the body of the request alone, because addresses are logged and kept. A form with errors
    answers 422 with what was typed.
    """
    if request.method != "POST":
        return _empty_form(request)
    request.exception_reporter_filter = NothingOfTheRequest()
    # What is wrong with the request itself, such as its size, answers 400 from here.
    data = request.POST
    try:
        response = _answer(request, DecodeForm(data), data.get("format", ""))
    except Exception as error:
        raise UndecodableBill(type(error).__name__).with_traceback(error.__traceback__) from None
    response["Cache-Control"] = "no-store"
    return response


@public_page
def _empty_form(request: HttpRequest) -> HttpResponse:
    return render(request, "procedures/decode.html", {"form": DecodeForm()})


def _answer(request: HttpRequest, form: DecodeForm, wanted: str) -> HttpResponse:
    if not form.is_valid():
        return _refusal(request, form, wanted)
    text, on = form.read()
    today = timezone.localdate()
    bill = decode_bill(text, on, today)
    if wanted == "json":
        return JsonResponse(bill.as_json())
    if wanted == "csv":
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="decoded-bill.csv"'
        write_csv(response, bill)
        return response
    return render(request, "procedures/decoded_bill.html", {"form": form, "bill": bill, "on": on, "today": today})


def _refusal(request: HttpRequest, form: DecodeForm, wanted: str) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    if wanted == "json":
        errors = [
            {"parameter": name, "message": message} for name, messages in form.errors.items() for message in messages
        ]
        return JsonResponse({"errors": errors}, status=status)
    return render(request, "procedures/decode.html", {"form": form}, status=status)
