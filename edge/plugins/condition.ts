import {
  type Expression,
  ExpressionError,
  parseExpression,
} from "../../shared/expression/parse.ts";
import { ConfigurationRefused } from "./plugin.ts";

/** A condition of a plugin's configuration; `where` names it. Throws `ConfigurationRefused`. */
export function parseCondition(value: unknown, where: string): Expression {
  try {
    return parseExpression(value);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ConfigurationRefused(`${where}: ${error.message}`);
  }
}
