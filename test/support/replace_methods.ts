import type { GrantBackend, GrantFile } from "../../src/contract/backend.ts";

/** A backend over a backend whose files have some methods replaced; each replacement gets the real file. */
export function replaceMethods(
  backend: GrantBackend,
  replace: (file: GrantFile) => Partial<GrantFile>,
): GrantBackend {
  return {
    ...backend,
    open() {
      const file = backend.open();
      const methods: GrantFile = {
        grant: file.grant.bind(file),
        endAccess: file.endAccess.bind(file),
        map: file.map.bind(file),
        setUnmapNotify: file.setUnmapNotify.bind(file),
        close: file.close.bind(file),
        ...(file.onRelease ? { onRelease: file.onRelease.bind(file) } : {}),
      };
      return { ...methods, ...replace(file) };
    },
  };
}
