/** Text that an input method or a soft keyboard composes, as what has to be erased and typed to follow it. */

export interface Edit {
  /** Characters to erase before the cursor. */
  readonly erase: number;
  readonly insert: string;
}

export class Composition {
  #typed: string[] = [];

  /** The composed text is now `text`; what was typed of it before is corrected. */
  update(text: string): Edit {
    const next = [...text];
    let same = 0;
    while (same < next.length && next[same] === this.#typed[same]) same += 1;
    const edit = { erase: this.#typed.length - same, insert: next.slice(same).join("") };
    this.#typed = next;
    return edit;
  }

  /** The text is final. */
  end(text: string): Edit {
    const edit = this.update(text);
    this.#typed = [];
    return edit;
  }

  forget(): void {
    this.#typed = [];
  }
}
