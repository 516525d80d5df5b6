import { Document, isScalar, Scalar, visit } from "yaml";

/** A JSON value as YAML 1.1 that whoever reads it takes for the very same value. */
export function yamlText(value: unknown): string {
  // What looks like a boolean to a reader of YAML 1.1 is quoted.
  const document = new Document(value, {
    version: "1.1",
    aliasDuplicateObjects: false,
    // With it a key << would be written as one that merges.
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !/:merge$/.test(tag.tag)),
  });
  visit(document, {
    Pair: (_, pair) => {
      if (isScalar(pair.key) && pair.key.value === "<<") pair.key.type = Scalar.QUOTE_DOUBLE;
    },
    Scalar: (_, scalar) => {
      // As a block, its first lines would be taken for the indentation.
      if (typeof scalar.value === "string" && /^\s+.*\n/s.test(scalar.value)) {
        scalar.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
  return document.toString({ lineWidth: 0 });
}
