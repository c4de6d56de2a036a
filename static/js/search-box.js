// Suggests codes while somebody types into the search box: a combobox with a list box, as ARIA 1.2 describes it.
// Without it, or when the site does not answer, the form searches just the same.

const PAUSE = 120; // milliseconds without a letter until the site is asked
const QUIET = 600; // milliseconds until the number of suggestions is said, so that it does not talk over the typing
const SHORTEST = 2;
const LONGEST = 200; // characters that the site reads

const STATUS_IN_WORDS = { retired: "retired", header: "heading" };
const SAID_BY_CODE_AND_TITLE = ["code", "description"];

class SearchBox {
  constructor(form) {
    this.address = form.dataset.suggestions;
    this.input = form.querySelector("input[name=q]");
    this.list = element("ul", { id: `${this.input.id}-suggestions`, class: "suggestions", role: "listbox", "aria-label": "Suggestions" });
    this.list.hidden = true;
    this.status = element("div", { class: "visually-hidden", role: "status" });
    this.active = -1;
    this.answers = new Map();

    this.input.after(this.list, this.status);
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-expanded", "false");
    this.input.setAttribute("aria-controls", this.list.id);

    this.input.addEventListener("input", (event) => event.isComposing || this.wait());
    this.input.addEventListener("compositionend", () => this.wait());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => this.stop());
    form.addEventListener("submit", () => this.stop());
    // A press on the list would take the focus away from the input, and the list would be gone before the click.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.follow(event.target.closest("[role=option]")));
  }

  get text() {
    return this.input.value.trim();
  }

  get isOpen() {
    return !this.list.hidden;
  }

  wait() {
    this.silence();
    this.activate(-1);
    this.timer = setTimeout(() => this.suggest(), PAUSE);
  }

  // Opens the list for what is typed now; tells whether it did.
  async suggest() {
    this.silence();
    const text = this.text;
    const found = text.length < SHORTEST || text.length > LONGEST ? [] : (this.answers.get(text) ?? (await this.ask(text)));
    if (text !== this.text || document.activeElement !== this.input) return false;
    this.show(found ?? [], text);
    if (found && text.length >= SHORTEST) this.timer = setTimeout(() => this.say(found.length), QUIET);
    return this.isOpen;
  }

  // The suggestions for a text, or null without an answer.
  async ask(text) {
    const address = new URL(this.address, document.baseURI);
    address.searchParams.set("q", text);
    this.request = new AbortController();
    try {
      const response = await fetch(address, { signal: this.request.signal, headers: { Accept: "application/json" } });
      if (!response.ok) return null;
      const { suggestions } = await response.json();
      this.answers.set(text, suggestions);
      return suggestions;
    } catch {
      return null;
    }
  }

  show(suggestions, text) {
    this.activate(-1);
    this.list.replaceChildren(...suggestions.map((each, number) => this.option(each, number, text)));
    this.list.hidden = !suggestions.length;
    this.list.scrollTop = 0;
    this.input.setAttribute("aria-expanded", String(this.isOpen));
  }

  // The blanks between the parts keep them apart where the row is read aloud.
  option({ label, code, title, url, status, match }, number, text) {
    const kind = status in STATUS_IN_WORDS ? `${label}, ${STATUS_IN_WORDS[status]}` : label;
    const option = element("li", { id: `${this.list.id}-${number}`, role: "option", "aria-selected": "false" });
    option.append(
      element("code", {}, ...markBeginning(code, text)), " ",
      element("span", { class: "suggestion-title" }, ...markWords(title, text)), " ",
      element("span", { class: `suggestion-kind suggestion-${status}` }, kind),
    );
    if (!SAID_BY_CODE_AND_TITLE.includes(match.kind)) {
      option.append(" ", element("span", { class: "suggestion-reason" }, `${match.label}: `, ...markWords(match.text, text)));
    }
    option.dataset.url = url;
    return option;
  }

  activate(number) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = number;
    const option = this.list.children[number];
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", option.id);
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  pressed(event) {
    // Safari ends a composition before the key that ended it; that key has the code 229.
    if (event.isComposing || event.keyCode === 229) return;
    const isPlain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
      this.activate(-1);
    } else if (event.key === "Tab") {
      this.stop();
    } else if (isPlain && ["ArrowDown", "ArrowUp"].includes(event.key) && this.text.length >= SHORTEST) {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (isPlain && event.key === "Enter" && this.active >= 0) {
      event.preventDefault();
      this.follow(this.list.children[this.active]);
    } else if (isPlain && event.key === "Escape" && (this.isOpen || this.input.value)) {
      event.preventDefault();
      if (!this.isOpen) this.input.value = "";
      this.stop();
    }
  }

  async move(step) {
    if (!this.isOpen && !(await this.suggest())) return;
    const count = this.list.children.length;
    this.activate(this.active < 0 && step < 0 ? count - 1 : (this.active + step + count) % count);
  }

  follow(option) {
    if (!option) return;
    this.stop();
    location.assign(option.dataset.url);
  }

  say(count) {
    const suggestions = count === 1 ? "1 suggestion" : `${count} suggestions`;
    this.status.textContent = count ? `${suggestions}. Use the arrow keys.` : "No suggestions.";
  }

  // Whatever was asked or was about to be said is out of date.
  silence() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.status.textContent = "";
  }

  stop() {
    this.silence();
    this.show([], "");
  }
}

function element(tag, attributes, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

function mark(text) {
  return element("mark", {}, text);
}

// The words of the text that were typed are marked; of the last one, which may be half typed, the beginning.
function markWords(text, typed) {
  const words = typed.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const last = words.at(-1);
  return text.split(/([\p{L}\p{N}]+)/u).flatMap((part) => {
    const word = part.toLowerCase();
    if (words.includes(word)) return [mark(part)];
    return last && word.startsWith(last) ? [mark(part.slice(0, last.length)), part.slice(last.length)] : [part];
  });
}

// The beginning of the code is marked if it was typed, with or without its dot.
function markBeginning(code, typed) {
  const plain = (text) => text.replace(/[^\p{L}\p{N}]/gu, "").toUpperCase();
  const wanted = plain(typed);
  if (!wanted || !plain(code).startsWith(wanted)) return [code];
  let end = wanted.length;
  while (plain(code.slice(0, end)) !== wanted) end += 1;
  return [mark(code.slice(0, end)), code.slice(end)];
}

for (const form of document.querySelectorAll("form[data-suggestions]")) new SearchBox(form);
