/* Fields in a table of inline rows have no label in Django's admin: each is named here by the heading of its column.
   The row that is hidden until "Add another" copies it is among them. */
document.addEventListener("DOMContentLoaded", () => {
  for (const field of document.querySelectorAll(".tabular td :is(input, select, textarea):not([type=hidden])")) {
    const cell = field.closest("td");
    const column = [...cell.classList].find((name) => name.startsWith("field-"));
    const heading = cell.closest("table").querySelector(
      column ? `th.column-${CSS.escape(column.slice("field-".length))}` : "thead th:last-child"
    );
    if (heading && !field.labels.length && !field.ariaLabel) {
      field.ariaLabel = heading.textContent.trim();
    }
  }
});
