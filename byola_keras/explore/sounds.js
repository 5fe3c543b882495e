// Plays the sound of a point.

const player = byId("player");

function play(point) {
  byId("heard").hidden = false;
  byId("heard-name").textContent = `${data.titles[point]} (${labelInWords(data.label_of[point])})`;
  const address = data.sounds[point];
  player.hidden = address === null;
  if (address === null) {
    byId("heard-name").textContent += ": its sound is not here.";
    player.pause();
    return;
  }
  player.src = address;
  player.play().catch(() => {
    byId("heard-name").textContent += ": its sound cannot be played.";
  });
}
