/** The script of the frame in which a program's worker runs. The page's policy names it by its hash. */
export const SANDBOX_SCRIPT = `addEventListener("message", ({ data, ports: [port] }) => {
  const source = URL.createObjectURL(new Blob([data], { type: "text/javascript" }));
  const worker = new Worker(source);
  worker.onerror = () => parent.postMessage("failed", "*");
  worker.postMessage({ port }, [port]);
});`;
