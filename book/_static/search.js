// The search page: asks Pagefind's index, and says plainly what happened.
(() => {
  const status = document.getElementById("sna-search-status");
  const results = document.getElementById("sna-search-results");
  const input = document.getElementById("sna-search-words");
  const folder = new URL("../pagefind/", document.currentScript.src);
  const SHOWN = 20;
  let engine;

  const load = async () => {
    if (!engine) {
      engine = await import(new URL("pagefind.js", folder));
      await engine.options({ basePath: folder.pathname, baseUrl: new URL("..", folder).pathname, excerptLength: 24 });
    }
    return engine;
  };

  // Excerpts hold marks and nothing else; their words are put in as text.
  const excerpt = html => {
    const line = document.createElement("p");
    for (const piece of html.split(/(<mark>.*?<\/mark>)/s)) {
      const words = piece.replace(/<\/?mark>/g, "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, "&");
      const part = document.createElement(piece.startsWith("<mark>") ? "mark" : "span");
      part.textContent = words;
      line.append(part);
    }
    return line;
  };

  const entry = page => {
    const item = document.createElement("li");
    const parts = page.sub_results.filter(part => part.url !== page.url).slice(0, 3);
    const link = (part, title) => {
      const anchor = document.createElement("a");
      anchor.href = part.url;
      anchor.textContent = title;
      return anchor;
    };
    const heading = document.createElement("h2");
    heading.append(link(page, page.meta.title));
    item.append(heading, excerpt(page.excerpt));
    if (parts.length) {
      const list = document.createElement("ul");
      for (const part of parts) {
        const line = document.createElement("li");
        line.append(link(part, part.title), excerpt(part.excerpt));
        list.append(line);
      }
      item.append(list);
    }
    return item;
  };

  const search = async words => {
    results.replaceChildren();
    if (!words) { status.textContent = ""; return; }
    status.textContent = "Searching.";
    try {
      const found = await (await load()).search(words);
      const pages = await Promise.all(found.results.slice(0, SHOWN).map(result => result.data()));
      results.append(...pages.map(entry));
      status.textContent = pages.length ? `${pages.length} ${pages.length === 1 ? "page" : "pages"} with “${words}”.` : `Nothing found for “${words}”. Try fewer or other words.`;
    } catch {
      status.textContent = "Searching did not work: the index could not be read. Every page is listed in the contents.";
    }
  };

  const words = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  input.value = words;
  if (location.protocol === "file:") {
    status.textContent = "Searching needs a web server: these pages were opened from a disk. Everything else works; use the contents, or your browser’s own search within a page.";
    for (const part of input.form.elements) part.disabled = true;
  } else {
    search(words);
    input.form.addEventListener("submit", event => {
      event.preventDefault();
      const asked = input.value.trim();
      history.replaceState(null, "", asked ? `?q=${encodeURIComponent(asked)}` : location.pathname);
      search(asked);
    });
  }
})();
