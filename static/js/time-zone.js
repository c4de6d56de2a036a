// Chooses the time zone of the visitor's device in a list of zones where nobody has named one yet.
// Without it the list stands at the zone of the team, and the visitor chooses.

const list = document.querySelector("select#time-zone[data-preselect]");
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

if (list && timeZone) {
  if (![...list.options].some((option) => option.value === timeZone)) {
    // Some browsers call a zone by a former name, such as Asia/Calcutta; the site knows these too.
    list.add(new Option(timeZone.replaceAll("_", " "), timeZone));
  }
  list.value = timeZone;
}
