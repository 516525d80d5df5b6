/** The options that `(?imsxnU)` switch. */
export interface Options {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  /** `x`; white space and comments count for nothing. */
  readonly extended: boolean;
  /** `xx`; nor do spaces in classes. */
  readonly extendedMore: boolean;
  readonly noCapture: boolean;
  readonly ungreedy: boolean;
}

export const NO_OPTIONS: Options = {
  ignoreCase: false,
  multiline: false,
  dotAll: false,
  extended: false,
  extendedMore: false,
  noCapture: false,
  ungreedy: false,
};
