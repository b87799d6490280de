/** The entry point. The module is embedded, so that no bundler, server or file system has to find it. */

import { base64 } from './embedded.js';
import { setModule } from './instance.js';

setModule(() => {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
});

export * from './api.js';
