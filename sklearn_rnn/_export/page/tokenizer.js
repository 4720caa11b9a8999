// Tokenizer of an exported model for the browser: the ids that TextTokenizer gives a text.

const METADATA_KEY = "sklearn_rnn";
const METADATA_FIELD = 14; // of ONNX's ModelProto
const FORMAT_VERSION = 1;
const NO_ONNX_FILE = "model.onnx is damaged, cut off, or no ONNX file.";

const UNKNOWN_ID = 1;
const FIRST_CHARACTER = 2 ** 30; // the id of a character is this number plus its code point
const SHORTEST_SPELLED = 3; // shorter tokens are not followed by their characters
const BEGIN = "<s>";
const END = "</s>";

// The classes of Python's `re`, as contents of a set of a regular expression with the flag v.
const WORD = "\\p{L}\\p{N}_";
const DIGIT = "\\p{Decimal_Number}";
const SPACE = "\\t-\\r\\u{1c}-\\u{20}\\u{85}\\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}"
  + "\\u{202f}\\u{205f}\\u{3000}";

const LINE_BREAK = /<[bB][rR] ?\/?>/g;
const SPACES = new RegExp(`[${SPACE}]+`, "gv");

export class Tokenizer {
  // The parameters are those of the metadata.
  constructor({
    analyzer, lowercase, strip_accents, token_pattern, max_length, truncation, add_markers,
    add_characters, vocabulary,
  }) {
    this.lowercase = lowercase;
    this.stripAccents = { ascii: stripAccentsAscii, unicode: stripAccentsUnicode }[strip_accents];
    this.findTokens = analyzer === "char" ? findCharacters : makeFinder(token_pattern);
    this.vocabulary = new Map(Object.entries(vocabulary));
    this.addMarkers = add_markers;
    this.addCharacters = add_characters;
    this.width = max_length - (add_markers ? 2 : 0);
    this.nFirst = { post: this.width, pre: 0, middle: Math.ceil(this.width / 2) }[truncation];
  }

  // Return the ids of a text, without padding.
  encode(text) {
    let ids = this.encodeAll(this.split(text));
    if (ids.length > this.width) {
      const nCut = ids.length - this.width;
      ids = [...ids.slice(0, this.nFirst), ...ids.slice(this.nFirst + nCut)];
    }
    return this.addMarkers ? [this.idOf(BEGIN), ...ids, this.idOf(END)] : ids;
  }

  // Return the tokens of a text.
  split(text) {
    text = text.replace(LINE_BREAK, " ");
    if (this.lowercase) text = text.toLowerCase();
    if (this.stripAccents) text = this.stripAccents(text);
    return this.findTokens(text);
  }

  encodeAll(tokens) {
    if (!tokens.length) return [UNKNOWN_ID];
    const ids = tokens.map((token) => this.idOf(token));
    if (!this.addCharacters) return ids;
    const spelled = tokens.map((token) => {
      const codePoints = Array.from(token, (char) => FIRST_CHARACTER + char.codePointAt(0));
      return codePoints.length >= SHORTEST_SPELLED ? codePoints : [];
    });
    const length = spelled.reduce((sum, characters) => sum + characters.length, ids.length);
    return length > this.width ? ids : ids.flatMap((id, index) => [id, ...spelled[index]]);
  }

  idOf(token) {
    return this.vocabulary.get(token) ?? UNKNOWN_ID;
  }
}

function findCharacters(text) {
  return Array.from(text.replace(SPACES, " ").replace(/^ | $/g, ""));
}

function stripAccentsAscii(text) {
  return text.normalize("NFKD").replace(/[^\0-\x7f]/gu, "");
}

function stripAccentsUnicode(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, (mark) => (isCombining(mark) ? "" : mark));
}

// Return whether the combining class of a mark is not 0. JavaScript does not know this class, but
// normalization sorts marks by it, and that of U+0345 is the highest.
function isCombining(mark) {
  return mark === "\u0345" || `\u0345${mark}`.normalize("NFD")[0] !== "\u0345";
}

// Return a function that finds the tokens of a text as Python's `re.findall` does, without the
// empty ones.
function makeFinder(tokenPattern) {
  const translator = new PatternTranslator(tokenPattern);
  const source = translator.translate();
  const anywhere = new RegExp(source, "gsv");
  // After an empty match, Python looks for a match at the same position that is not empty: one
  // after which less than the whole rest of the text is left.
  const notEmpty = new RegExp(`(?=(?<rest>.*))(?:${source})(?!\\k<rest>(?!.))`, "svy");
  return (text) => {
    const tokens = [];
    let position = 0;
    let isAfterEmpty = false;
    while (position <= text.length) {
      let match = null;
      if (isAfterEmpty) {
        notEmpty.lastIndex = position;
        match = notEmpty.exec(text);
        if (!match) position += text.codePointAt(position) > 0xffff ? 2 : 1;
      }
      anywhere.lastIndex = position;
      match ??= anywhere.exec(text);
      if (!match) break;
      const token = translator.nCaptures ? match.groups.token : match[0];
      if (token) tokens.push(token);
      position = match.index + match[0].length;
      isAfterEmpty = !match[0];
    }
    return tokens;
  };
}

// Translates a regular expression of Python into one of JavaScript with the flags s and v. Its capturing
// group becomes the group `token`.
export class PatternTranslator {
  constructor(pattern) {
    this.chars = Array.from(pattern);
    this.position = 0;
    this.nAtomic = 0;
    this.nLookbehinds = 0; // around the current position
    this.isDotAll = false;
    this.nCaptures = 0;
  }

  translate() {
    const { source } = this.alternatives();
    if (this.position < this.chars.length) this.refuse(")");
    return source;
  }

  refuse(what) {
    throw new Error(
      `The token_pattern of this model cannot be used in a browser, because of ${what}. `
      + "OnnxTextClassifier in Python can use it.",
    );
  }

  // Take the next characters if they are `text`.
  take(text) {
    const end = this.position + text.length;
    if (this.chars.slice(this.position, end).join("") !== text) return false;
    this.position = end;
    return true;
  }

  takeMatch(expression) {
    const match = expression.exec(this.chars.slice(this.position, this.position + 64).join(""));
    if (match) this.position += Array.from(match[0]).length;
    return match;
  }

  alternatives() {
    const before = this.nCaptures;
    const sources = [this.sequence()];
    while (this.take("|")) sources.push(this.sequence());
    return { source: sources.join("|"), hasCapture: this.nCaptures > before };
  }

  sequence() {
    let source = "";
    while (this.position < this.chars.length && !"|)".includes(this.chars[this.position])) {
      source += this.repeated(this.atom());
    }
    return source;
  }

  repeated({ source, hasCapture = false }) {
    const match = this.takeMatch(/^(?:[*+?]|\{(?=[\d,])(\d*)(?:(,)(\d*))?\})/);
    if (!match) return source;
    if (hasCapture && match[0] !== "?") this.refuse("a group that is repeated");
    const [quantifier, from, comma, to] = match;
    const repeat = quantifier.length === 1 ? quantifier : `{${from || 0}${comma ?? ""}${to ?? ""}}`;
    const body = `(?:${source})${repeat}`;
    if (this.take("?")) return `${body}?`;
    return this.take("+") ? this.atomic(body) : body;
  }

  // Return an expression that never gives back what `source` has matched.
  atomic(source) {
    if (this.nLookbehinds) this.refuse("a possessive repeat in a lookbehind");
    this.nAtomic += 1;
    const name = `atomic${this.nAtomic}`;
    return `(?:(?=(?<${name}>${source}))\\k<${name}>)`;
  }

  atom() {
    const char = this.chars[this.position];
    if (char === "(") return this.group();
    this.position += 1;
    if (char === "[") return { source: this.set() };
    if (char === "\\") return { source: this.escape() };
    if (char === ".") return { source: this.isDotAll ? "." : "[^\\n]" };
    if (char === "^") return { source: "(?<!.)" };
    if (char === "$") return { source: "(?=\\n?(?!.))" };
    return { source: literal(char) };
  }

  group() {
    if (!this.take("(?")) {
      this.take("(");
      return this.capture();
    }
    const name = this.takeMatch(/^P<([^>]*)>/);
    if (name) return this.capture(name[1]);
    if (this.takeMatch(/^P=[^)]*\)/)) return { source: "\\k<token>" };
    if (this.takeMatch(/^#[^)]*\)/)) return { source: "" };
    const flags = this.takeMatch(/^([su]+)\)/);
    if (flags) {
      this.isDotAll ||= flags[1].includes("s");
      return { source: "" };
    }
    const kind = this.takeMatch(/^(?::|=|!|<=|<!|>)/);
    if (!kind) this.refuse(`(?${this.chars[this.position]}`);
    const isLookbehind = kind[0].startsWith("<");
    this.nLookbehinds += isLookbehind;
    const { source, hasCapture } = this.close();
    this.nLookbehinds -= isLookbehind;
    return {
      source: kind[0] === ">" ? this.atomic(source) : `(?${kind[0]}${source})`,
      hasCapture,
    };
  }

  capture() {
    this.nCaptures += 1;
    return { source: `(?<token>${this.close().source})`, hasCapture: true };
  }

  close() {
    const inner = this.alternatives();
    if (!this.take(")")) this.refuse("a missing )");
    return inner;
  }

  set() {
    const isNegated = this.take("^");
    const items = [];
    while (!(items.length && this.take("]"))) {
      const first = this.setItem();
      const isRange = this.chars[this.position] === "-" && this.chars[this.position + 1] !== "]";
      if (isRange) {
        this.position += 1;
        items.push(`${first}-${this.setItem()}`);
      } else {
        items.push(first);
      }
    }
    return `[${isNegated ? "^" : ""}${items.join("")}]`;
  }

  setItem() {
    if (this.position >= this.chars.length) this.refuse("a missing ]");
    const char = this.chars[this.position];
    this.position += 1;
    if (char !== "\\") return literal(char);
    if (this.take("b")) return "\\u{8}";
    return this.escape(true);
  }

  // Translate an escape whose backslash has been taken.
  escape(isInSet = false) {
    const number = this.takeMatch(/^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/);
    if (number) return `\\u{${(number[1] ?? number[2] ?? number[3]).replace(/^0+(?=.)/, "")}}`;
    const char = this.chars[this.position];
    this.position += 1;
    const controls = { a: "\x07", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
    if (char in controls) return literal(controls[char]);
    const sets = {
      w: `[${WORD}]`, W: `[^${WORD}]`, d: `[${DIGIT}]`, D: `[^${DIGIT}]`, s: `[${SPACE}]`,
      S: `[^${SPACE}]`,
    };
    if (char in sets) return sets[char];
    const assertions = {
      A: "(?<!.)",
      Z: "(?!.)",
      b: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
      B: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`,
      1: "\\k<token>",
    };
    if (!isInSet && char in assertions && !/\d/.test(this.chars[this.position] ?? "")) {
      return assertions[char];
    }
    if (char === undefined || /[\da-z]/i.test(char)) this.refuse(`\\${char}`);
    return literal(char);
  }
}

function literal(char) {
  return `\\u{${char.codePointAt(0).toString(16)}}`;
}

// Return the metadata of a model from the bytes of its ONNX file, which is a protobuf message.
export function readMetadata(bytes) {
  for (const property of readFields(bytes, METADATA_FIELD)) {
    const [key, value] = [1, 2].map((number) => {
      const [field] = readFields(property, number);
      return new TextDecoder().decode(field);
    });
    if (key !== METADATA_KEY) continue;
    const metadata = JSON.parse(value);
    if (metadata.format_version !== FORMAT_VERSION) {
      throw new Error(
        `model.onnx has the format version ${metadata.format_version}, and this page reads version `
        + `${FORMAT_VERSION}. Use the page that export_onnx wrote beside the model.`,
      );
    }
    return metadata;
  }
  throw new Error("model.onnx is not a file that sklearn_rnn.export.export_onnx wrote.");
}

// Yield the contents of the fields of a protobuf message that have this number.
function* readFields(bytes, number) {
  let position = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; position < bytes.length; factor *= 128) {
      const byte = bytes[position];
      position += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Error(NO_ONNX_FILE);
  };
  while (position < bytes.length) {
    const tag = varint();
    const type = tag & 7;
    if (![0, 1, 2, 5].includes(type)) throw new Error(NO_ONNX_FILE);
    const size = { 0: () => varint() * 0, 1: () => 8, 2: varint, 5: () => 4 }[type]();
    if (Math.floor(tag / 8) === number) yield bytes.subarray(position, position + size);
    position += size;
  }
}
