/* The box "Select all" on the export page of the editors' desk; export_selectable_fields.js does the work. */
document.querySelector("#select-all-toggle")?.addEventListener("change", onSelectToggleChange);
