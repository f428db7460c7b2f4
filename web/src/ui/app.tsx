/** Everything around the picture. */

import { useEffect } from "preact/hooks";
import type { Desktop } from "./desktop";
import { Icon } from "./icons";
import { Hud } from "./hud";
import type { Inputs } from "./inputs";
import { Overlay } from "./overlay";
import { Requests } from "./people";
import type { Upload } from "./state";
import { useStore } from "./store";
import { Toolbar, type ToolbarHandle } from "./toolbar";

interface Props {
  readonly desktop: Desktop;
  readonly inputs: Inputs;
  readonly title: string;
  readonly toolbar: ToolbarHandle;
}

export function App({ desktop, inputs, title, toolbar }: Props) {
  const theme = useStore(desktop.store, (state) => state.settings.theme);
  const dropping = useStore(desktop.store, (state) => state.dropping);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return (
    <>
      <Toolbar desktop={desktop} inputs={inputs} title={title} handle={toolbar} />
      <Requests desktop={desktop} />
      <Hud desktop={desktop} />
      <Overlay desktop={desktop} />
      <div class="corner">
        <ClipboardOffer desktop={desktop} />
        <Uploads desktop={desktop} />
        <Toasts desktop={desktop} />
      </div>
      {dropping && <div class="drop">Drop files to upload them to the desktop</div>}
    </>
  );
}

/** Some browsers let only a click write to the clipboard. */
function ClipboardOffer({ desktop }: { readonly desktop: Desktop }) {
  const offer = useStore(desktop.store, (state) => state.clipboardOffer);
  if (!offer) return null;
  const take = (): void => {
    desktop.takeClipboard(offer);
    desktop.stage.focus();
  };
  return (
    <button type="button" class="primary offer" onClick={take}>
      <Icon name="clipboard" />
      Copy from desktop
    </button>
  );
}

function Toasts({ desktop }: { readonly desktop: Desktop }) {
  const toasts = useStore(desktop.store, (state) => state.toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, tone }) => (
        <p key={id} class="toast" data-tone={tone}>
          {text}
        </p>
      ))}
    </div>
  );
}

function Uploads({ desktop }: { readonly desktop: Desktop }) {
  const uploads = useStore(desktop.store, (state) => state.uploads);
  if (uploads.length === 0) return null;
  return (
    <ul class="uploads" aria-label="Uploads">
      {uploads.map((upload) => (
        <UploadLine key={upload.id} upload={upload} cancel={() => desktop.uploads.cancel(upload.id)} />
      ))}
    </ul>
  );
}

function UploadLine({ upload: { name, share, failed }, cancel }: { readonly upload: Upload; cancel(): void }) {
  return (
    <li>
      <span class="file">{name}</span>
      {share !== null ? (
        <>
          <progress max={1} value={share} aria-label={`Upload of ${name}`} />
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        </>
      ) : (
        <small>{failed ?? "uploaded"}</small>
      )}
    </li>
  );
}
