// The form of a guide while an editor types: words, reading grade and unfinished marks under each text, and a warning
// before unsaved changes are left behind. The form works without it.
//
//   <textarea data-reading-hints data-longest="50000">  gets a line of hints; data-longest, or maxlength, is its limit
//   <element data-reading-hints-total>                  shows words and grade of all these texts together
//
// The formulas are those of procedures/reading_hints.py; tests/procedures/reading_hints.json holds the two together.

(() => {
  "use strict";

  const FEWEST_WORDS_TO_GRADE = 30;
  const HARD_GRADE = 9;
  const MOST_MARKS_SHOWN = 5;
  const PAUSE = 200; // milliseconds without typing before a text is measured

  const WORD = /[\p{L}\p{N}]+(?:[’'.,‑-][\p{L}\p{N}]+)*/gu;
  const SENTENCE_END = /(?::|(?<![.!?])[.!?]+[)\]”"’']*(?!\s+[a-z]))\s+/;
  const SILENT_U = /(?<=[gq])u(?=[aeio])/g;
  const HIATUS = /(?<![tcsxg])(?:i[aou]|ienc)|(?<!p)eo|ua|creat|react|thea|eing|rhea|[aeiou][a-z]ea(?=s?$)/g;
  const SILENT_END =
    /(?<![aeiouylr])e$|(?<=[aeiouy])[lr]es?$|(?<=[^aeioutdy])ed$|(?<=[^aeiouyscxzghlr])(?<!bet)es$/;

  const CODE = "[A-Z](?:[0-9]{4}|[0-9][0-9A-Z]\\.[0-9A-Z]{1,4})";
  const UNFINISHED = new RegExp(
    [
      "\\b(?:[Tt][Oo][Dd][Oo]|TBD|tbd|TBC|FIXME|[Ff]ixme)\\b",
      "(?<![0-9],)(?<![0-9], )\\b(?:X{3,8}|x{3,8})\\b",
      "\\b[Ll]orem [Ii]psum\\b",
      "\\?{3,}",
      "\\[(?![0-9, –-]+\\])(?:[^\\[\\]\\n]{0,80}\\]|[\\p{L}\\p{N}_]*)",
    ].join("|"),
    "gu",
  );
  const BALANCED = /\([^()\n]*\)/g;
  const HALF_BRACKETED_CODE = new RegExp(`\\(${CODE}\\b|\\b${CODE}\\)`, "g");
  const MOST_NESTED = 3;

  const ITEM = /^\s*(?:[-+*]|(\d{1,9})[.)])(?:\s+|$)/;
  const LINK = /(?<!\\)\[([^[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+(?:"[^"]*"|'[^']*'))?\)/g;
  const EMPHASIS = /(?<!\\)\*+|(?<![\p{L}\p{N}\\])_+|(?<!\\)_+(?![\p{L}\p{N}])/gu;
  const ENTITY = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/gi;
  const ESCAPED = /\\([!-/:-@[-`{-~])/g;

  // One paragraph or list item a line, without its marks: near enough to procedures.markdown.plain_text.
  function plainText(markdown) {
    const blocks = [];
    let kind = "";
    for (const line of markdown.split(/\r\n|\r|\n/)) {
      const item = ITEM.exec(line);
      if (!line.trim()) {
        kind = "";
      } else if (item && !(kind === "paragraph" && item[1] && Number(item[1]) !== 1)) {
        blocks.push(line.slice(item[0].length));
        kind = "item";
      } else if (kind) {
        blocks[blocks.length - 1] += ` ${line.trim()}`;
      } else {
        blocks.push(line.trim());
        kind = "paragraph";
      }
    }
    return blocks
      .join("\n")
      .replace(LINK, "$1")
      .replace(EMPHASIS, "")
      .replace(ENTITY, "&")
      .replace(ESCAPED, "$1");
  }

  function countSyllables(word) {
    const letters = word.toLowerCase().replace(/[^a-z]/g, "").replace(SILENT_U, "");
    const count = (letters.match(/[aeiouy]+/g) ?? []).length + (letters.match(HIATUS) ?? []).length;
    return Math.max(1, SILENT_END.test(letters) ? count - 1 : count);
  }

  function measure(text) {
    const words = text.match(WORD) ?? [];
    const sentences = text.split("\n").flatMap((line) => line.split(SENTENCE_END));
    return {
      words: words.length,
      sentences: sentences.filter((sentence) => sentence.search(WORD) >= 0).length,
      syllables: words.reduce((sum, word) => sum + countSyllables(word), 0),
    };
  }

  // A number of one decimal, or null below 30 words.
  function readingGrade({ words, sentences, syllables }) {
    if (words < FEWEST_WORDS_TO_GRADE) return null;
    const grade = (0.39 * words) / sentences + (11.8 * syllables) / words - 15.59;
    return Math.max(0, Number(grade.toFixed(1)));
  }

  function unfinishedMarks(text) {
    const marks = text.match(UNFINISHED) ?? [];
    let rest = text;
    for (let depth = 0; depth < MOST_NESTED; depth += 1) rest = rest.replace(BALANCED, " ");
    return [...new Set([...marks, ...(rest.match(HALF_BRACKETED_CODE) ?? [])])];
  }

  function counted(number, noun) {
    return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
  }

  function describeLength(words, grade) {
    const hard = grade > HARD_GRADE ? `, harder than grade ${HARD_GRADE}` : "";
    return counted(words, "word") + (grade === null ? "" : `, reading grade ${grade.toFixed(1)}${hard}`);
  }

  function describeMarks(marks) {
    const more = marks.length - MOST_MARKS_SHOWN;
    return `Unfinished: ${marks.slice(0, MOST_MARKS_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  }

  // "" below 90 % of what the text may have.
  function describeRoom(textarea) {
    const most = textarea.maxLength > 0 ? textarea.maxLength : Number(textarea.dataset.longest ?? 0);
    const left = most - textarea.value.length;
    if (!most || textarea.value.length <= 0.9 * most) return "";
    return left >= 0 ? `${counted(left, "character")} left` : `${counted(-left, "character")} too many`;
  }

  // An output is announced whenever it changes, which here would talk over the typing. Hints are read with their field.
  function keepQuiet(output) {
    output.setAttribute("aria-live", "off");
  }

  function addHints(textarea, number) {
    const output = document.createElement("output");
    output.id = `${textarea.id || `text-${number}`}-reading-hints`;
    output.className = "reading-hints";
    if (textarea.id) output.htmlFor = textarea.id;
    keepQuiet(output);
    const described = textarea.getAttribute("aria-describedby");
    textarea.setAttribute("aria-describedby", described ? `${described} ${output.id}` : output.id);
    // The admin lays label and field side by side in a flex container, where the line would become a third column.
    (textarea.closest(".flex-container") ?? textarea).after(output);
    return output;
  }

  function showHints(textareas) {
    const total = document.querySelector("[data-reading-hints-total]");
    const fields = textareas.map((textarea, number) => ({
      textarea,
      output: addHints(textarea, number),
      measures: null,
    }));

    function update(field) {
      const text = plainText(field.textarea.value);
      const marks = unfinishedMarks(text);
      field.measures = measure(text);
      const grade = readingGrade(field.measures);
      const lines = [
        describeLength(field.measures.words, grade),
        marks.length ? describeMarks(marks) : "",
        describeRoom(field.textarea),
      ];
      field.output.textContent = lines.filter(Boolean).join(". ");
      field.output.classList.toggle("is-hard", grade > HARD_GRADE);
      field.output.classList.toggle("has-unfinished-marks", marks.length > 0);
    }

    function updateTotal() {
      if (!total) return;
      const sum = { words: 0, sentences: 0, syllables: 0 };
      for (const { measures } of fields) {
        for (const name of Object.keys(sum)) sum[name] += measures[name];
      }
      const grade = readingGrade(sum);
      total.textContent = describeLength(sum.words, grade);
      total.classList.toggle("is-hard", grade > HARD_GRADE);
    }

    for (const field of fields) {
      let timer;
      update(field);
      field.textarea.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          update(field);
          updateTotal();
        }, PAUSE);
      });
    }
    if (total) keepQuiet(total);
    updateTotal();
  }

  function selectedValues(select) {
    return JSON.stringify(Array.from(select.selectedOptions, (option) => option.value));
  }

  function warnOfUnsavedChanges(forms) {
    const selects = forms.flatMap((form) => [...form.elements].filter((control) => control.tagName === "SELECT"));
    const choices = new Map(selects.map((select) => [select, selectedValues(select)]));
    // A form that came back with errors holds what was typed as if it had been there from the beginning.
    const isRefused = forms.some((form) => form.querySelector(".errornote, .errorlist") !== null);
    let isBeingSaved = false;

    function differs(control) {
      if (!control.name || control.disabled) return false;
      if (control.tagName === "SELECT") return choices.has(control) && selectedValues(control) !== choices.get(control);
      if (control.tagName === "TEXTAREA") return control.value !== control.defaultValue;
      if (control.tagName !== "INPUT") return false;
      if (["hidden", "submit", "button", "reset", "image"].includes(control.type)) return false;
      if (["checkbox", "radio"].includes(control.type)) return control.checked !== control.defaultChecked;
      if (control.type === "file") return control.value !== "";
      return control.value !== control.defaultValue;
    }

    document.addEventListener("submit", (event) => {
      const target = event.submitter?.getAttribute("formtarget") ?? event.target.getAttribute("target");
      // A preview in another window or frame saves nothing.
      const leavesPage = !target || target === "_self";
      if (forms.includes(event.target) && leavesPage && !event.defaultPrevented) isBeingSaved = true;
    });

    window.addEventListener("beforeunload", (event) => {
      const isAllowed = isBeingSaved;
      isBeingSaved = false; // the answer may be a download, after which the page is still there
      if (!isAllowed && (isRefused || forms.some((form) => [...form.elements].some(differs)))) event.preventDefault();
    });
  }

  function begin() {
    const textareas = [...document.querySelectorAll("textarea[data-reading-hints]")];
    const forms = [...new Set(textareas.map((textarea) => textarea.form).filter(Boolean))];
    if (textareas.length) showHints(textareas);
    if (forms.length) warnOfUnsavedChanges(forms);
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", begin);
  } else {
    begin();
  }
})();
