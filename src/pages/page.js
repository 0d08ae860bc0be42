/* Keeps the table of landing.c up to date, whose rows it writes as rows.c. */
"use strict";

(() => {
	const EVERY_MS = 5000;
	const NOTHING = "\u2013";

	/* More changes at a time than this are not told one by one. */
	const NEWS_MAX = 3;

	const $ = (id) => document.getElementById(id);
	const table = $("targets");
	const body = table.tBodies[0];
	const live = $("live").querySelector("input");
	let timer = 0;
	let busy = false;
	let last = new Date();

	/* What has not changed is not touched: it may be selected, or read out. */
	function put(node, text) {
		if (node.textContent !== text)
			node.textContent = text;
	}

	function putAttribute(node, name, value) {
		if (node.getAttribute(name) !== value)
			node.setAttribute(name, value);
	}

	function duration(seconds) {
		const s = Math.max(0, seconds);

		if (s < 60)
			return `${Math.floor(s)} s`;
		if (s < 3600)
			return `${Math.floor(s / 60)} min`;
		if (s < 48 * 3600)
			return `${Math.floor(s / 3600)} h`;
		return `${Math.floor(s / 86400)} d`;
	}

	function milliseconds(seconds) {
		const us = Math.round(1e6 * seconds);

		if (us < 10000)
			return `${(Math.floor((us + 5) / 10) / 100).toFixed(2)} ms`;
		return `${Math.floor((us + 500) / 1000)} ms`;
	}

	function orNothing(value, text) {
		return value === null ? NOTHING : text(value);
	}

	/* Not all of it must not look as if it were. */
	function percent(ratio) {
		const p = ratio < 1 ? Math.min(100 * ratio, 99.9) : 100 * ratio;

		return `${p.toFixed(1)} %`;
	}

	function putRatio(cell, ratio) {
		const meter = cell.querySelector("meter");

		meter.hidden = ratio === null;
		meter.value = ratio ?? 0;
		put(cell.querySelector("span"), orNothing(ratio, percent));
	}

	function fill(row, t, now) {
		const cell = (name) => row.querySelector(`.${name}`);
		const time = cell("since").firstElementChild;

		putAttribute(row, "data-state", t.state);
		put(cell("address"), t.address);
		put(cell("module"), t.module || NOTHING);
		put(cell("state").firstElementChild, t.state);
		put(time, duration((now - Date.parse(t.since)) / 1000));
		putAttribute(time, "datetime", t.since);
		putAttribute(time, "title", t.since);
		put(cell("duration"),
			orNothing(t.lastScrapeDurationSeconds, milliseconds));
		putRatio(cell("hits"), t.hitRatio);
		putRatio(cell("memory"), t.memoryUsedRatio);
		put(cell("connection"), orNothing(t.connectionAgeSeconds, duration));
		put(cell("error").querySelector("b"), t.reason);
		put(cell("error").querySelector("span"), t.lastError || NOTHING);
	}

	/* An address may be there once for each module. */
	function keyOf(address, module) {
		return `${address}\n${module || NOTHING}`;
	}

	function keyOfRow(row) {
		return keyOf(row.querySelector(".address").textContent,
			row.querySelector(".module").textContent);
	}

	function tell(news) {
		if (news.length > NEWS_MAX)
			put($("news"), `${news.length} targets have changed.`);
		else if (news.length > 0)
			put($("news"), news.join(" "));
	}

	function show(data) {
		const now = Date.parse(data.time);
		const old = new Map(
			Array.from(body.rows, (row) => [keyOfRow(row), row]));
		const news = [];
		const rows = data.targets.map((t) => {
			const row = old.get(keyOf(t.address, t.module)) ??
				$("blank").content.firstElementChild.cloneNode(true);
			const before = row.parentNode ? row.dataset.state : t.state;

			if (t.state !== before)
				news.push(`${t.address} is ${t.state}` +
					(t.reason ? `: ${t.reason}.` : "."));
			fill(row, t, now);
			return row;
		});
		const more = data.known - rows.length;

		if (rows.length !== body.rows.length ||
			rows.some((row, i) => row !== body.rows[i]))
			body.replaceChildren(...rows);
		table.hidden = rows.length === 0;
		$("none").hidden = rows.length > 0;
		$("more").hidden = more === 0;
		put($("more").firstElementChild, String(more));
		put($("counts"), `${data.known} known, ${data.down} down`);
		putTime(data.time);
		put($("problem"), "");
		tell(news);
		last = new Date();
	}

	function putTime(text) {
		putAttribute($("now"), "datetime", text);
		put($("now"), new Date(text).toLocaleTimeString());
	}

	async function load() {
		const url = `./api/v1/targets?limit=${table.dataset.limit}`;
		const answer = await fetch(url, {
			cache: "no-store",
			signal: AbortSignal.timeout(EVERY_MS),
		});

		if (!answer.ok)
			throw new Error(`status ${answer.status}`);
		return (await answer.json()).data;
	}

	function complain() {
		put($("problem"), "Not refreshed since " +
			`${last.toLocaleTimeString()}: the exporter does not answer.`);
	}

	async function refresh() {
		clearTimeout(timer);
		if (busy || document.hidden || !live.checked)
			return;
		busy = true;
		const data = await load().catch(() => null);

		busy = false;
		timer = setTimeout(refresh, EVERY_MS);
		if (data !== null)
			show(data);
		else
			complain();
	}

	document.addEventListener("visibilitychange", refresh);
	live.addEventListener("change", refresh);
	$("live").hidden = false;
	putTime($("now").dateTime);
	timer = setTimeout(refresh, EVERY_MS);
})();
