"""The editors' side of releases, what they changed, and their import."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from procedures.admin.columns import ReadOnlyAdmin, code_of, title_of
from procedures.admin.release_upload_form import ReleaseUploadForm
from procedures.code_sets.records import RefusedFile
from procedures.models import CodeChange, Release, ReleaseUpload
from procedures.release_uploads import ReleaseChanges, import_upload, preview

CHANGELIST = "admin:procedures_release_changelist"
IMPORT = "admin:procedures_release_import"
NO_LONGER_KEPT = "This upload is no longer kept: it was imported or canceled, or is older than a day. Upload it again."


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    """Releases come from files: nobody types one. An upload is shown as a dry run before it is imported."""

    list_display = ["system", "version", "source_name", "imported_at"]
    list_filter = ["system"]
    list_select_related = ["system"]
    change_list_template = "admin/procedures/release/change_list.html"
    change_form_template = "admin/procedures/release/change_form.html"

    def has_import_permission(self, request):
        return request.user.has_perm("procedures.add_release")

    def changelist_view(self, request, extra_context=None):
        may_import = self.has_import_permission(request)
        return super().changelist_view(request, {"may_import": may_import, **(extra_context or {})})

    def get_urls(self):
        def address(route, view, name):
            return path(route, self.admin_site.admin_view(view), name=f"procedures_release_{name}")

        return [
            address("import/", self.upload_view, "import"),
            address("import/<int:upload_id>/confirm/", self.confirm_view, "confirm"),
            address("import/<int:upload_id>/cancel/", self.cancel_view, "cancel"),
            address("<int:release_id>/changes/", self.changes_view, "changes"),
            *super().get_urls(),
        ]

    def upload_view(self, request):
        """The form for a file; its answer is the dry run, or the form again with what is wrong."""
        self._require_import_permission(request)
        is_posted = request.method == "POST"
        form = ReleaseUploadForm(request.POST, request.FILES) if is_posted else ReleaseUploadForm()
        if is_posted and form.is_valid():
            upload = form.keep(by=request.user)
            try:
                changes = preview(upload)
                return self._page(request, "preview", f"Dry run: {changes.release}", upload=upload, changes=changes)
            except RefusedFile as refusal:
                upload.delete()
                form.add_error("file", str(refusal))
        return self._page(request, "upload", "Import a release", form=form)

    def confirm_view(self, request, upload_id):
        """Imports an upload. The codes may have changed since the dry run: what is shown then is what was done."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        upload = self._find_upload(request, upload_id)
        if upload is None:
            self.message_user(request, NO_LONGER_KEPT, messages.ERROR)
            return HttpResponseRedirect(reverse(IMPORT))
        try:
            with transaction.atomic():
                release = import_upload(upload)
                self.log_addition(request, release, f"Imported {upload.name}.")
        except RefusedFile as refusal:
            ReleaseUpload.objects.filter(pk=upload_id).delete()
            self.message_user(request, f"{refusal} Nothing was changed.", messages.ERROR)
            return HttpResponseRedirect(reverse(IMPORT))
        self.message_user(request, f"{release} was imported. This is what it changed.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:procedures_release_changes", args=[release.pk]))

    def cancel_view(self, request, upload_id):
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        upload = self._find_upload(request, upload_id)
        if upload is not None:
            upload.delete()
        self.message_user(request, "The upload was deleted. Nothing was imported.")
        return HttpResponseRedirect(reverse(CHANGELIST))

    def changes_view(self, request, release_id):
        """What one release changed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        release = get_object_or_404(Release.objects.select_related("system"), pk=release_id)
        return self._page(request, "changes", f"What changed: {release}", changes=ReleaseChanges.of(release))

    def _require_import_permission(self, request):
        if not self.has_import_permission(request):
            raise PermissionDenied

    def _find_upload(self, request, upload_id) -> ReleaseUpload | None:
        """The upload, where it is kept still; only who uploaded it, or a superuser, may have it."""
        self._require_import_permission(request)
        ReleaseUpload.objects.expired().delete()
        upload = ReleaseUpload.objects.select_related("system").filter(pk=upload_id).first()
        if upload and upload.uploaded_by_id != request.user.pk and not request.user.is_superuser:
            raise PermissionDenied
        return upload

    def _page(self, request, page: str, title: str, **context):
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, f"admin/procedures/release/{page}.html", context)


@admin.register(CodeChange)
class CodeChangeAdmin(ReadOnlyAdmin):
    list_display = [code_of, title_of, "kind", "release"]
    list_filter = ["kind", "release__system"]
    list_select_related = ["code", "release__system"]
    show_full_result_count = False
