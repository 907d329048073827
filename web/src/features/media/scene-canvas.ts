/** Scenes on plain canvases: a single renderer draws each in turn, and its picture is copied over. */

import {
  AmbientLight,
  Box3,
  DirectionalLight,
  PerspectiveCamera,
  Scene,
  Sphere,
  Vector3,
  WebGLRenderer,
  type Mesh,
  type Object3D,
  type Texture,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

let shared: WebGLRenderer | null | undefined;

function renderer(): WebGLRenderer | null {
  if (shared === undefined) {
    try {
      shared = new WebGLRenderer({ antialias: true, alpha: true, powerPreference: "low-power" });
      shared.setClearAlpha(0);
    } catch {
      shared = null;
    }
  }
  return shared;
}

export function hasWebGl(): boolean {
  return renderer() !== null;
}

export class SceneCanvas {
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(45, 1, 0.01, 1000);
  private readonly controls: OrbitControls;
  private readonly observer: ResizeObserver;
  private readonly centre = new Vector3();
  private radius = 1;
  private asked = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly root: Object3D,
    up: "y" | "z",
  ) {
    this.scene.add(root, new AmbientLight(0xffffff, 1.6));
    const sun = new DirectionalLight(0xffffff, 2.2);
    sun.position.set(1, 2, 3);
    this.camera.add(sun);
    this.scene.add(this.camera);
    this.camera.up.set(0, up === "y" ? 1 : 0, up === "z" ? 1 : 0);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = false;
    this.controls.addEventListener("change", this.draw);
    // The wheel scrolls the page; with Ctrl it zooms here.
    canvas.addEventListener("wheel", this.onWheel, { capture: true });
    this.frame(up);
    this.observer = new ResizeObserver(this.draw);
    this.observer.observe(canvas);
  }

  readonly draw = (): void => {
    if (this.asked !== 0) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.render();
    });
  };

  reset(): void {
    this.controls.reset();
    this.draw();
  }

  /** By angles in radians, about the vertical and towards it. */
  turn(across: number, down: number): void {
    const offset = this.camera.position.clone().sub(this.controls.target);
    offset.applyAxisAngle(this.camera.up, -across);
    const side = new Vector3().crossVectors(this.camera.up, offset).normalize();
    const next = offset.clone().applyAxisAngle(side, -down);
    // Not over the pole.
    if (Math.abs(next.clone().normalize().dot(this.camera.up)) < 0.99) offset.copy(next);
    this.camera.position.copy(this.controls.target).add(offset);
    this.controls.update();
    this.draw();
  }

  close(): void {
    cancelAnimationFrame(this.asked);
    this.observer.disconnect();
    this.canvas.removeEventListener("wheel", this.onWheel, { capture: true });
    this.controls.dispose();
    this.scene.clear();
    free(this.root);
  }

  private readonly onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) event.stopImmediatePropagation();
  };

  private frame(up: "y" | "z"): void {
    const box = new Box3().setFromObject(this.root);
    const sphere = box.isEmpty() ? new Sphere(new Vector3(), 1) : box.getBoundingSphere(new Sphere());
    this.radius = sphere.radius || 1;
    this.centre.copy(sphere.center);
    const away = up === "y" ? new Vector3(0.6, 0.5, 1) : new Vector3(-0.6, -1, 0.7);
    this.camera.position.copy(this.centre).addScaledVector(away.normalize(), this.radius * 2.8);
    this.camera.near = this.radius / 100;
    this.camera.far = this.radius * 40;
    this.controls.target.copy(this.centre);
    this.controls.update();
    this.controls.saveState();
  }

  private render(): void {
    const gl = renderer();
    const context = this.canvas.getContext("2d");
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!gl || !context || width === 0 || height === 0) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== w || this.canvas.height !== h) {
      this.canvas.width = w;
      this.canvas.height = h;
    }
    this.camera.aspect = w / h;
    this.camera.updateProjectionMatrix();
    gl.setPixelRatio(1);
    gl.setSize(w, h, false);
    gl.render(this.scene, this.camera);
    context.clearRect(0, 0, w, h);
    context.drawImage(gl.domElement, 0, 0, w, h);
  }
}

/** What a scene holds on the graphics side is let go only when told so. */
function free(root: Object3D): void {
  root.traverse((one) => {
    const mesh = one as Partial<Mesh>;
    mesh.geometry?.dispose();
    const materials = mesh.material === undefined ? [] : Array.isArray(mesh.material) ? mesh.material : [mesh.material];
    for (const material of materials) {
      for (const value of Object.values(material) as unknown[]) {
        if (typeof value === "object" && value !== null && (value as Partial<Texture>).isTexture) (value as Texture).dispose();
      }
      material.dispose();
    }
  });
}
