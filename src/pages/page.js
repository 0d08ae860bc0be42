/* Keeps the page up to date: asks for it anew, and takes over what differs. */
"use strict";

(() => {
	const EVERY_MS = 5000;

	/* More changes at a time than this are not told one by one. */
	const NEWS_MAX = 3;

	const $ = (id) => document.getElementById(id);

	/* Of a target that is not known there is nothing to refresh. */
	if ($("live") === null)
		return;

	/* The page of one target has parts in place of the table. */
	const PARTS = ["facts", "hint", "hits", "commands", "evictions",
		"connections", "memory", "traffic", "slabs", "settings"];
	const isTarget = $("facts") !== null;
	const SOURCE = isTarget ? `./target${location.search}` : "./";
	const live = $("live").querySelector("input");
	let timer = 0;
	let busy = false;
	let gone = false;
	let last = new Date();

	/* What has not changed is not touched: it may be selected, or read out. */
	function replace(old, fresh) {
		if (!old.isEqualNode(fresh))
			old.replaceWith(fresh);
	}

	/* An address may be there once for each module. */
	function keyOf(row) {
		return `${row.cells[0].textContent}\n${row.cells[1].textContent}`;
	}

	function say(id, text) {
		if ($(id).textContent !== text)
			$(id).textContent = text;
	}

	function tell(news) {
		if (news.length > NEWS_MAX)
			say("news", `${news.length} targets have changed.`);
		else if (news.length > 0)
			say("news", news.join(" "));
	}

	/* The row that is there already, with what differs; what is news of it. */
	function update(row, fresh, news) {
		const reason = fresh.querySelector(".error b").textContent;

		if (row.dataset.state !== fresh.dataset.state)
			news.push(`${row.cells[0].textContent} is ` +
				fresh.dataset.state + (reason ? `: ${reason}.` : "."));
		row.dataset.state = fresh.dataset.state;
		Array.from(fresh.cells).forEach(
			(cell, i) => replace(row.cells[i], cell));
		return row;
	}

	function showTarget(page) {
		const fresh = page.getElementById("facts");
		const state = fresh.dataset.state;

		if ($("facts").dataset.state !== state)
			say("news", `This target is ${state}.`);
		for (const id of PARTS)
			replace($(id), page.getElementById(id));
	}

	function showTable(page) {
		const body = $("targets").tBodies[0];
		const fresh = page.getElementById("targets");
		const old = new Map(Array.from(body.rows, (row) => [keyOf(row), row]));
		const news = [];
		const rows = Array.from(fresh.tBodies[0].rows, (row) =>
			old.has(keyOf(row)) ? update(old.get(keyOf(row)), row, news) : row);

		if (rows.length !== body.rows.length ||
			rows.some((row, i) => row !== body.rows[i]))
			body.replaceChildren(...rows);
		$("targets").hidden = fresh.hidden;
		for (const id of ["counts", "none", "more"])
			replace($(id), page.getElementById(id));
		tell(news);
	}

	function show(page) {
		(isTarget ? showTarget : showTable)(page);
		putTime(page.getElementById("now").dateTime);
		say("problem", "");
		last = new Date();
	}

	function putTime(text) {
		$("now").dateTime = text;
		say("now", new Date(text).toLocaleTimeString());
	}

	async function load() {
		gone = false;
		const answer = await fetch(SOURCE, {
			cache: "no-store",
			signal: AbortSignal.timeout(EVERY_MS),
		});
		const page = new DOMParser().parseFromString(
			await answer.text(), "text/html");

		gone = isTarget && answer.status === 404;
		/* a proxy may answer with a page of its own */
		if (!answer.ok || page.getElementById("now") === null)
			throw new Error(`status ${answer.status}`);
		return page;
	}

	function complain() {
		say("problem", `Not refreshed since ${last.toLocaleTimeString()}: ` +
			(gone ? "the target is not known any more." :
				"the exporter does not answer."));
	}

	async function refresh() {
		clearTimeout(timer);
		if (busy || document.hidden || !live.checked)
			return;
		busy = true;
		await load().then(show).catch(complain);
		busy = false;
		timer = setTimeout(refresh, EVERY_MS);
	}

	document.addEventListener("visibilitychange", refresh);
	live.addEventListener("change", refresh);
	$("live").hidden = false;
	putTime($("now").dateTime);
	timer = setTimeout(refresh, EVERY_MS);
})();
