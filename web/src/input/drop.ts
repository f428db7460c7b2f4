/** Files that are dropped on the page or chosen from a dialog. */

export interface DropHooks {
  hovering(over: boolean): void;
  dropped(files: readonly File[]): void;
}

export function acceptDrops(hooks: DropHooks): void {
  // Entering a child comes before leaving its parent, so only the depth tells when the page is left.
  let depth = 0;
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  const over = (change: number): void => {
    depth = Math.max(0, depth + change);
    hooks.hovering(depth > 0);
  };
  addEventListener("dragenter", (event) => hasFiles(event) && over(1));
  addEventListener("dragleave", (event) => hasFiles(event) && over(-1));
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(-depth);
    hooks.dropped([...(event.dataTransfer?.files ?? [])]);
  });
}

/** Asks for files; nothing happens when the person chooses none. */
export function chooseFiles(chosen: (files: readonly File[]) => void): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.addEventListener("change", () => chosen([...(input.files ?? [])]));
  input.click();
}
