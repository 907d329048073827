/** Orders as the API names them: a column, `-` in front for descending. */

export const COLLECTION_SORTS = ["name", "-name", "created_at", "-created_at", "updated_at", "-updated_at", "version_count", "-version_count"] as const;
export type CollectionSort = (typeof COLLECTION_SORTS)[number];

/** A column's order turned round; `first`: the one it gets when it was not sorted by. */
export function turned<S extends string>(sort: S, column: string, first: "asc" | "desc"): S {
  const [down, up] = [`-${column}`, column];
  if (sort === down) return up as S;
  if (sort === up) return down as S;
  return (first === "desc" ? down : up) as S;
}

export function orderOf(sort: string, column: string): "asc" | "desc" | "none" {
  return sort === column ? "asc" : sort === `-${column}` ? "desc" : "none";
}
