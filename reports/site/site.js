"use strict";
// The portfolio: every text is set as text, nothing is ever read as markup.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 100;
  const SVG = "http://www.w3.org/2000/svg";
  const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const language = document.documentElement.lang;
  const counted = (n) => n.toLocaleString(language);
  // Words stand in the data, in the language of the page.
  const say = (name, values = {}) =>
    data.words[name].replace(/\{(\w+)\}/g, (place, key) => (key in values ? values[key] : place));
  const controls = ["search", "verdict", "health", "phase"].map((name) => document.getElementById(`by-${name}`));
  const key = (control) => control.id.slice("by-".length);
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  const body = document.getElementById("rows");
  const heads = Array.from(document.querySelectorAll("thead button"));
  const HEAD = document.querySelector("[data-sort=days]").textContent;

  const rows = data.rows.map((row) => {
    const [id, label, stem, owner, verdict, variant, rule, phase, blocked, warnings, days] = row;
    const [metric, effect, interval, lower, estimate, upper, tone, line] = row.slice(11);
    const one = {
      id, verdict, phase, warnings, days, effect, interval, lower, estimate, upper, tone, line,
      name: label || id, file: `experiments/${stem || id}.html`, owner: data.names[owner],
      variant: data.names[variant], rule: data.names[rule], metric: data.names[metric],
      health: blocked ? "blocked" : warnings ? "warning" : "healthy",
    };
    one.text = [one.name, id, one.owner, one.variant, one.metric, one.rule].join("\n").toLowerCase();
    return one;
  });

  const VERDICT_ORDER = { rollback: 0, launch: 1, hold: 2 };
  const HEALTH_ORDER = { blocked: 0, warning: 1, healthy: 2 };
  const names = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const byName = (a, b) => names.compare(a.name, b.name) || names.compare(a.id, b.id);
  // What has no value comes last, whichever way the others are turned.
  const numbers = (get) => (a, b, turn) => {
    const [x, y] = [get(a), get(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return turn * (x - y);
  };
  const ORDERS = {
    name: (a, b, turn) => turn * byName(a, b),
    verdict: numbers((one) => VERDICT_ORDER[one.verdict]),
    effect: numbers((one) => one.estimate),
    health: numbers((one) => HEALTH_ORDER[one.health] - one.warnings / 1000),
    days: numbers((one) => (one.phase === "running" ? one.days : null)),
  };

  const state = { search: "", verdict: "", health: "", phase: "", sort: "name", turn: 1, all: false };

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const control of controls) {
      control.value = given.get(key(control)) || "";
      state[key(control)] = control.value;
    }
    const sort = given.get("sort") || "name";
    const column = sort.replace(/^-/, "");
    state.sort = Object.hasOwn(ORDERS, column) ? column : "name";
    state.turn = sort.startsWith("-") ? -1 : 1;
  }

  function writeAddress() {
    const shown = new URLSearchParams();
    for (const control of controls) if (control.value) shown.set(key(control), control.value);
    const sort = (state.turn < 0 ? "-" : "") + state.sort;
    if (sort !== "name") shown.set("sort", sort);
    const text = shown.toString();
    try {
      history.replaceState(null, "", text ? `#${text}` : "#");
    } catch (error) {
      // A browser may refuse this for pages opened as a file: the address then stays as it is.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  function chosen() {
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    return rows
      .filter((one) =>
        words.every((word) => one.text.includes(word)) &&
        (!state.verdict || one.verdict === state.verdict) &&
        (!state.health || one.health === state.health) &&
        (!state.phase || one.phase === state.phase))
      .sort((a, b) => ORDERS[state.sort](a, b, state.turn) || byName(a, b));
  }

  function element(tag, kind, ...content) {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    made.append(...content);
    return made;
  }

  function shape(tag, attributes, ...content) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...content);
    return made;
  }

  function drawing(kind, width, height, parts) {
    const size = { class: kind, width, height, viewBox: `0 0 ${width} ${height}` };
    return shape("svg", { ...size, "aria-hidden": "true", focusable: "false" }, ...parts);
  }

  function bar(one) {
    if (one.estimate === null) return "";
    const [width, height] = [160, 18];
    const place = (value) => width / 2 + Math.max(-1, Math.min(1, value / data.limit)) * (width / 2 - 4);
    const middle = height / 2;
    const parts = [shape("line", { class: "zero", x1: width / 2, x2: width / 2, y1: 0, y2: height })];
    if (one.lower !== null && one.upper !== null) {
      const ends = { x1: place(one.lower), x2: place(one.upper), y1: middle, y2: middle };
      parts.push(shape("line", { class: "interval", ...ends }));
      for (const [value, tip] of [[one.lower, -1], [one.upper, 1]]) {
        if (value * tip > data.limit) {
          const path = `M${place(value)} ${middle - 4}l${4 * tip} 4l${-4 * tip} 4z`;
          parts.push(shape("path", { class: "cut", d: path }));
        }
      }
    }
    if (Math.abs(one.estimate) <= data.limit) {
      parts.push(shape("circle", { class: "estimate", cx: place(one.estimate), cy: middle, r: 3.5 }));
    }
    return drawing(`bar ${one.tone}`, width, height, parts);
  }

  function spark(letters) {
    if (!letters) return "";
    const [width, height] = [96, 28];
    const levels = Array.from(letters, (letter) => LEVELS.indexOf(letter) / (LEVELS.length - 1));
    const up = (level) => Math.round(10 * (height - 3 - level * (height - 6))) / 10;
    const zero = up(levels.shift());
    const points = levels.map((level, i) =>
      [Math.round((10 * (3 + (width - 6) * i)) / (levels.length - 1)) / 10, up(level)]);
    const [x, y] = points[points.length - 1];
    return drawing("spark", width, height, [
      shape("line", { class: "zero", x1: 0, x2: width, y1: zero, y2: zero }),
      shape("polyline", { points: points.join(" ") }),
      shape("circle", { cx: x, cy: y, r: 2.5 }),
    ]);
  }

  function health(one) {
    if (one.health === "blocked") return element("span", "bad", say("blocked"));
    if (one.health === "healthy") return say("healthy");
    return element("span", "caution", say(one.warnings === 1 ? "warning" : "warnings", { count: counted(one.warnings) }));
  }

  function row(one) {
    const link = element("a", "", element("bdi", "", one.name));
    link.href = one.file;
    const head = element("th", "", link);
    head.scope = "row";
    const about = [one.name === one.id ? "" : one.id, one.owner].filter(Boolean);
    if (about.length) {
      const small = element("small", "");
      about.forEach((text, i) => small.append(...(i ? [" · "] : []), element("bdi", "", text)));
      head.append(small);
    }
    const verdict = element("td", "is", element("span", `verdict ${one.verdict}`, say(one.verdict)));
    if (one.variant) verdict.append(" ", element("bdi", "", one.variant));
    verdict.append(element("small", "", one.rule));
    const effect = element("td", "effect", element("b", "", one.effect));
    if (one.interval) effect.append(element("span", "interval-text", one.interval));
    if (one.metric) effect.append(element("small", "", element("bdi", "", one.metric)));
    const left = one.phase !== "running" ? say(one.phase) : one.days === null ? say("unknown") : counted(one.days);
    const days = element("td", one.phase === "running" ? "days" : "days over", left);
    // On a phone there is no head above it.
    days.dataset.head = HEAD;
    return element(
      "tr", "", head, verdict, effect,
      element("td", "picture", bar(one)), element("td", "line", spark(one.line)),
      element("td", "health", health(one)),
      days,
    );
  }

  function show() {
    const found = chosen();
    const shown = state.all ? found : found.slice(0, PAGE);
    body.replaceChildren(...shown.map(row));
    const numbers = { count: counted(found.length), all: counted(rows.length) };
    const [all, some] = rows.length === 1 ? ["one", "some_one"] : ["many", "some"];
    const said = say(found.length === rows.length ? all : some, numbers);
    count.textContent = shown.length < found.length ? say("first", { found: said, count: counted(shown.length) }) : said;
    more.hidden = shown.length === found.length;
    more.textContent = say("more", { count: counted(found.length) });
    for (const head of heads) {
      const cell = head.parentElement;
      if (head.dataset.sort !== state.sort) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", state.turn > 0 ? "ascending" : "descending");
    }
  }

  function change() {
    state.all = false;
    for (const control of controls) state[key(control)] = control.value;
    show();
    writeAddress();
  }

  for (const control of controls) control.addEventListener("input", change);
  for (const head of heads) {
    head.addEventListener("click", () => {
      const again = head.dataset.sort === state.sort;
      state.turn = again ? -state.turn : head.dataset.sort === "effect" ? -1 : 1;
      state.sort = head.dataset.sort;
      change();
    });
  }
  document.getElementById("reset").addEventListener("click", () => {
    for (const control of controls) control.value = "";
    Object.assign(state, { sort: "name", turn: 1 });
    change();
  });
  more.addEventListener("click", () => { state.all = true; show(); });
  addEventListener("hashchange", () => { readAddress(); show(); });
  // Paper has no buttons: all that was found is printed.
  let before = false;
  addEventListener("beforeprint", () => { before = state.all; state.all = true; show(); });
  addEventListener("afterprint", () => { state.all = before; show(); });
  readAddress();
  show();
})();
