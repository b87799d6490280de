// Other modules made of core's own: one that has little memory, one that says something else.

/** The module with at most so many pages of 64 KiB, so that it runs out of memory early. */
export function withMemory(module, pages) {
  return rewritten(module, 5, (section) => {
    const { value: least, next } = number(section, 2);
    if (section[0] !== 1 || section[1] !== 0 || next !== section.length) throw new Error('one memory without a maximum');
    return [1, 1, ...leb(least), ...leb(pages)];
  });
}

/** How many pages the module begins with. */
export function firstPages(module) {
  let pages = 0;
  rewritten(module, 5, (section) => {
    pages = number(section, 2).value;
    return section;
  });
  return pages;
}

/** The module with a text of its data in place of another one of the same length. */
export function withText(module, text, other) {
  const bytes = Buffer.from(module);
  if (text.length !== other.length) throw new Error('texts of one length');
  let found = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    bytes.write(other, at, 'latin1');
    found += 1;
  }
  if (found === 0) throw new Error(`the module does not hold ${text}`);
  return bytes;
}

/** The module with one section's content replaced. */
function rewritten(module, id, content) {
  const parts = [module.subarray(0, 8)];
  for (let at = 8; at < module.length; ) {
    const { value: length, next } = number(module, at + 1);
    const section = module.subarray(next, next + length);
    const put = module[at] === id ? Uint8Array.from(content(section)) : section;
    parts.push(Uint8Array.of(module[at], ...leb(put.length)), put);
    at = next + length;
  }
  return Buffer.concat(parts);
}

/** A number in LEB128. */
function number(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7, at += 1) {
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return { value, next: at + 1 };
  }
}

function leb(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
