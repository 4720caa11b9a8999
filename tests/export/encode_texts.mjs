// Program that encodes texts: node encode_texts.mjs TOKENIZER_JS < JSON > JSON
// It takes a list of [parameters, texts], and prints the ids of the texts, or the error, of each.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Tokenizer } = await import(pathToFileURL(process.argv[2]));

function encode([parameters, texts]) {
  try {
    const tokenizer = new Tokenizer(parameters);
    return texts.map((text) => tokenizer.encode(text));
  } catch (error) {
    return error.message;
  }
}

const cases = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(cases.map(encode)));
