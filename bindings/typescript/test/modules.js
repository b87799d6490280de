// Rewrites core's module, also where a script contains it: limits its memory, or replaces a text in it.

/** Returns a script with the module that it contains in Base64 (`dist/embedded.js`, or a bundle of it) changed. */
export function withEmbedded(script, change) {
  const [base64, ...others] = script.match(/AGFzbQ[A-Za-z0-9+\/]{1000,}=*/g) ?? [];
  if (base64 === undefined || others.length > 0) throw new Error('expected one module in the script');
  return script.replace(base64, Buffer.from(change(Buffer.from(base64, 'base64'))).toString('base64'));
}

/** Returns the module with at most `pages` pages of 64 KiB, so that it runs out of memory early. */
export function withMemory(module, pages) {
  return rewriteSection(module, 5, (section) => {
    const { value: min, next } = readLeb(section, 2);
    if (section[0] !== 1 || section[1] !== 0 || next !== section.length) throw new Error('expected one memory without a maximum');
    return [1, 1, ...leb(min), ...leb(pages)];
  });
}

/** Returns the module's initial number of pages. */
export function initialPages(module) {
  let pages = 0;
  rewriteSection(module, 5, (section) => {
    pages = readLeb(section, 2).value;
    return section;
  });
  return pages;
}

/** Returns the module with a text of its data replaced by another of the same length. */
export function withText(module, text, replacement) {
  const bytes = Buffer.from(module);
  if (text.length !== replacement.length) throw new Error('expected texts of the same length');
  let found = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    bytes.write(replacement, at, 'latin1');
    found += 1;
  }
  if (found === 0) throw new Error(`the module does not contain \`${text}\``);
  return bytes;
}

/** Returns the module with one section's content replaced. */
function rewriteSection(module, id, content) {
  const parts = [module.subarray(0, 8)];
  for (let at = 8; at < module.length; ) {
    const { value: length, next } = readLeb(module, at + 1);
    const section = module.subarray(next, next + length);
    const written = module[at] === id ? Uint8Array.from(content(section)) : section;
    parts.push(Uint8Array.of(module[at], ...leb(written.length)), written);
    at = next + length;
  }
  return Buffer.concat(parts);
}

/** Reads a number in LEB128. */
function readLeb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7, at += 1) {
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return { value, next: at + 1 };
  }
}

function leb(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
