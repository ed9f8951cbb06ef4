// Where somebody is in the library, and the address that says so.

const KEYS = ["library", "below", "q", "sort"];

export function placeOf(search) {
  const query = new URLSearchParams(search);
  return Object.fromEntries(KEYS.map((key) => [key, query.get(key) || ""]));
}

export function addressOf(place) {
  const query = new URLSearchParams();
  for (const key of KEYS) if (place[key]) query.set(key, place[key]);
  return query.size ? `/?${query}` : "/";
}

// The folders from the library down to the place, each with its own place.
export function stepsTo({ library, below, sort }) {
  if (!library) return [];
  const steps = [{ name: library, place: { library, below: "", sort } }];
  let path = "";
  for (const name of below.split("/").filter(Boolean)) {
    path = path ? `${path}/${name}` : name;
    steps.push({ name, place: { library, below: path, sort } });
  }
  return steps;
}
