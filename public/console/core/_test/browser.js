// The little of a browser that the tests of the console need.

/** A localStorage that forgets everything at the end. */
export class FakeStorage {
  /** @type {Map<string, string>} */
  items = new Map();

  /** @param {string} key */
  getItem(key) {
    return this.items.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    this.items.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.items.delete(key);
  }
}

/**
 * installBrowser sets what the console expects of a page at the given address, and returns the
 * listeners of the window by event.
 *
 * @param {string} [address]
 */
export function installBrowser(address = "http://lyceum.test/") {
  const { origin, pathname, hash, protocol, href } = new URL(address);
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {};
  Object.assign(globalThis, {
    location: { origin, pathname, hash, protocol, href },
    localStorage: new FakeStorage(),
    addEventListener: (/** @type {string} */ type, /** @type {any} */ listener) => {
      listeners[type] = listener;
    },
  });
  return listeners;
}
