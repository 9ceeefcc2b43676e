// Draws the charts of a memo. Colours are variables of the style sheet, so that light, dark and
// print need no second drawing. Vega's expressions are interpreted: nothing is evaluated as code.
"use strict";
(function () {
  const { config, charts, locales, failed } = JSON.parse(document.getElementById("charts").textContent);
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    defaultStyle: false,
    ast: true,
    config: config,
    tooltip: { theme: "custom", disableDefaultStyle: true },
    ...locales,
  };
  const drawn = Array.from(document.querySelectorAll("[data-chart]")).map(function (place) {
    return vegaEmbed(place, charts[Number(place.dataset.chart)], options).catch(function (problem) {
      place.textContent = failed.replace("{problem}", problem.message);
    });
  });
  Promise.all(drawn).then(function () {
    document.documentElement.dataset.charts = "drawn";
  });

  // What is folded on the screen is printed.
  let folded = [];
  window.addEventListener("beforeprint", function () {
    folded = Array.from(document.querySelectorAll("section > details:not([open])"));
    folded.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    folded.forEach(function (part) { part.open = false; });
  });
})();
