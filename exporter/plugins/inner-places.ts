import { isObject } from "../../shared/json-schema/lua-value.ts";

/** Something in a plugin's configuration, and where: names of fields, places in lists from 0. */
export interface InnerPlace {
  readonly way: readonly (string | number)[];
  readonly value: unknown;
}

/**
 * A path such as `rules[].match[].vars`, taken apart: `[]` stands for every member of a list, `[::2]` for
 * every second one.
 */
export type Steps = readonly string[];

export function stepsOf(path: string): Steps {
  return path.match(/[^.[\]:]+|\[(?:::2)?\]/g) ?? [];
}

/** What lies there; what is of another type than a step wants has nothing in it. */
export function placesAt(conf: unknown, steps: Steps): readonly InnerPlace[] {
  let places: readonly InnerPlace[] = [{ way: [], value: conf }];
  for (const step of steps) {
    if (places.length === 0) return places;
    places = places.flatMap((place) => below(place, step));
  }
  return places;
}

function below({ way, value }: InnerPlace, step: string): readonly InnerPlace[] {
  if (!step.startsWith("[")) {
    return isObject(value) && Object.hasOwn(value, step)
      ? [{ way: [...way, step], value: value[step] }]
      : [];
  }
  if (!Array.isArray(value)) return [];
  const every = step === "[]" ? 1 : 2;
  return value.flatMap((member: unknown, index) =>
    index % every === 0 ? [{ way: [...way, index], value: member }] : [],
  );
}
