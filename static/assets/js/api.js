// Calls of the API. An answer that is an error becomes a Problem with words for people.

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code || "unknown";
    this.hint = body.hint || "";
    this.requestId = body.request_id || "";
  }
}

// `parameters` becomes the query; null and "" are left away. 401 leads to the login, and back to this page.
// `keepalive`: it goes out though the page is left, and leads nobody away from it.
export async function call(method, path, { parameters, body, signal, keepalive } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters || {})) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const address = `/api/v1${path}${query.size ? `?${query}` : ""}`;
  const options = { method, signal, keepalive, headers: { accept: "application/json" }, credentials: "same-origin" };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The server does not answer.", hint: "Check the connection and try again.", code: "offline" });
  }
  if (answer.status === 204) return null;
  const value = await answer.json().catch(() => ({}));
  if (answer.ok) return value;
  if (answer.status === 401 && !keepalive && document.querySelector(".bar")) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  throw new Problem(answer.status, value);
}

export const get = (path, parameters, signal) => call("GET", path, { parameters, signal });
export const post = (path, body) => call("POST", path, { body });
export const put = (path, body) => call("PUT", path, { body });
export const patch = (path, body) => call("PATCH", path, { body });
export const remove = (path, parameters) => call("DELETE", path, { parameters });

// A part of a path: names may hold anything.
export const part = (text) => encodeURIComponent(text);
