/* The script of the dashboard. Every text of the server becomes a text node; nothing is ever parsed as HTML. */
(function () {
  "use strict";
  const MOST_POINTS = 2000;
  const HEIGHT = 190;
  /** Steps between ticks of bytes. */
  const POWERS = Array.from({ length: 46 }, (_, power) => Math.pow(2, power));
  const byId = (id) => document.getElementById(id);
  const charts = new Map();
  let latest;

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  /** Only our own words become class names. */
  function tag(word) {
    return element("span", word, "tag " + (/^[a-z-]+$/.test(word) ? word : ""));
  }

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function clock(seconds) {
    const s = Math.max(0, Math.round(seconds));
    const two = (n) => String(n).padStart(2, "0");
    const rest = two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
    return s >= 3600 ? Math.floor(s / 3600) + ":" + rest : rest;
  }

  function sized(value, unit, step) {
    let name = unit === "ms" ? " ms" : "";
    let base = 1;
    if (unit === "bytes") {
      const names = [" B", " KiB", " MiB", " GiB", " TiB"];
      const size = Math.max(Math.abs(value), step);
      const power = Math.min(names.length - 1, Math.max(0, Math.floor(Math.log2(size || 1) / 10)));
      base = Math.pow(1024, power);
      name = names[power];
    }
    const decimals = Math.min(3, Math.max(0, -Math.floor(Math.log10(step / base) + 1e-9)));
    return (value / base).toFixed(decimals) + name;
  }

  function chartOf(name, unit) {
    const known = charts.get(name);
    if (known !== undefined) return known;
    const card = element("article", undefined, "is-shown");
    const title = element("h3", name);
    const badge = element("span", "", "tag");
    const value = element("span", "", "soft");
    title.append(" ", badge, " ", value);
    const says = element("p", "", "says");
    const box = element("div", undefined, "chart");
    card.append(title, says, box);
    byId("series").append(card);
    const chart = { name, unit, card, badge, value, says, box, t: [], v: [], line: null, excluded: [], dirty: true };
    chart.plot = new uPlot(optionsOf(chart), [[], [], []], box);
    charts.set(name, chart);
    return chart;
  }

  function optionsOf(chart) {
    const axis = {
      stroke: () => colour("--soft"),
      grid: { stroke: () => colour("--line"), width: 1 },
      ticks: { show: false },
    };
    return {
      width: Math.max(200, chart.box.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { time: false },
        y: { range: (_, low, high) => rangeOf(low, high) },
      },
      axes: [
        {
          ...axis,
          size: 30,
          incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400],
          values: (_, ticks) => ticks.map(clock),
        },
        {
          ...axis,
          size: 76,
          ...(chart.unit === "bytes" ? { incrs: POWERS } : {}),
          values: (_, ticks) => ticks.map((tick) => sized(tick, chart.unit, ticks[1] - ticks[0] || 1)),
        },
      ],
      series: [
        {},
        { stroke: () => colour("--link"), width: 1.5, points: { show: false } },
        { stroke: () => colour("--fail"), width: 2, dash: [6, 4], points: { show: false }, spanGaps: true },
      ],
      hooks: { drawClear: [(plot) => shade(plot, chart)] },
    };
  }

  function rangeOf(low, high) {
    if (low === null || high === null) return [0, 1];
    const room = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.02, 1);
    return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
  }

  /** Stretches that are not judged, behind the line. */
  function shade(plot, chart) {
    const { left, top, width, height } = plot.bbox;
    plot.ctx.save();
    plot.ctx.globalAlpha = 0.2;
    plot.ctx.fillStyle = colour("--warn");
    for (const { from, to } of chart.excluded) {
      const start = Math.max(left, plot.valToPos(from, "x", true));
      const end = Math.min(left + width, plot.valToPos(to, "x", true));
      if (end > start) plot.ctx.fillRect(start, top, end - start, height);
    }
    plot.ctx.restore();
  }

  /** What was fitted, at every point it spans. */
  function fitted(chart) {
    const line = chart.line || [];
    let at = 0;
    return chart.t.map((t) => {
      while (at + 2 < line.length && line[at + 1][0] < t) at++;
      const [from, to] = [line[at], line[at + 1]];
      if (to === undefined || t < from[0] || t > to[0] || to[0] <= from[0]) return null;
      return from[1] + (to[1] - from[1]) * (t - from[0]) / (to[0] - from[0]);
    });
  }

  function redraw() {
    for (const chart of charts.values()) {
      if (!chart.dirty) continue;
      chart.dirty = false;
      chart.plot.setData([chart.t, chart.v, fitted(chart)]);
    }
  }

  function append(points) {
    for (const name of Object.keys(points)) {
      const chart = chartOf(name, points[name].unit);
      const { t, v } = points[name];
      for (let i = 0; i < t.length; i++) {
        if (chart.t.length > 0 && t[i] <= chart.t[chart.t.length - 1]) continue;
        chart.t.push(t[i]);
        chart.v.push(v[i]);
        chart.dirty = true;
      }
      if (chart.t.length > MOST_POINTS) {
        const every = (_, index) => index % 2 === 0;
        chart.t = chart.t.filter(every);
        chart.v = chart.v.filter(every);
      }
    }
    redraw();
  }

  function rows(id, list, cells) {
    const body = byId(id);
    body.replaceChildren(...list.map((row) => {
      const line = element("tr");
      cells(row).forEach((cell) => {
        const td = element("td");
        td.append(cell);
        line.append(td);
      });
      return line;
    }));
    body.closest("section").hidden = list.length === 0;
  }

  function verdict(word, text) {
    const badge = byId("verdict");
    badge.textContent = text;
    badge.className = "verdict " + (/^[a-z]+$/.test(word) ? word : "");
    document.title = text + " - soak";
  }

  function show(view) {
    latest = view;
    byId("target").textContent = view.target;
    byId("time").textContent = view.time;
    byId("done").value = view.done;
    byId("reason").textContent = view.reason;
    verdict(view.verdict, view.verdict + " so far");
    byId("counts").replaceChildren(...view.counts.map(([value, what], index) => {
      const bad = (index === 2 && view.failed > 0) || (index === 4 && view.wrong > 0);
      const box = element("div", undefined, bad ? "n-fail" : "");
      box.append(element("b", value), element("span", what));
      return box;
    }));
    rows("offences", view.offences, ([at, monitor, what]) => [at, monitor, what]);
    rows("monitors", view.monitors, ([name, outcome, count, why]) => [name, tag(outcome), count, why]);
    rows("thresholds", view.thresholds, ([expression, outcome, count]) => [expression, tag(outcome), count]);
    rows("errors", view.errors, (row) => row);
    rows("facts", view.facts, (row) => row);
    for (const chart of charts.values()) decorate(chart, view);
    redraw();
  }

  function decorate(chart, view) {
    const judged = view.series.find(({ name }) => name === chart.name);
    const word = judged === undefined ? "shown" : judged.verdict;
    chart.card.className = "is-" + (/^[a-z]+$/.test(word) ? word : "shown");
    chart.badge.textContent = word;
    chart.badge.className = "tag " + (/^[a-z]+$/.test(word) ? word : "");
    chart.value.textContent = judged === undefined ? "" : judged.last;
    chart.says.textContent = judged === undefined ? "shown, not judged" : judged.reason;
    chart.line = judged === undefined ? null : judged.line;
    chart.excluded = judged === undefined ? view.windows : judged.excluded;
    chart.dirty = true;
  }

  function fit() {
    for (const chart of charts.values()) {
      chart.plot.setSize({ width: Math.max(200, chart.box.clientWidth), height: HEIGHT });
    }
  }

  const link = byId("link");
  const source = new EventSource("/events");
  const on = (name, work) => source.addEventListener(name, (event) => work(JSON.parse(event.data)));
  source.onopen = () => link.textContent = "live";
  source.onerror = () => link.textContent = "connection lost, trying again";
  on("points", (points) => {
    append(points);
    if (latest !== undefined) show(latest);
  });
  on("standing", show);
  on("end", (end) => {
    source.close();
    link.textContent = "the run is over; the report is in its output directory";
    byId("reason").textContent = end.reason;
    byId("done").value = 1;
    verdict(end.verdict, end.verdict);
  });
  globalThis.addEventListener("resize", fit);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const chart of charts.values()) chart.plot.redraw(false);
  });
})();
