#!/usr/bin/env bash
# Draws the sample video of `reelgate demo`: eight seconds, a time code, a bar that sweeps once from
# left to right (its position is the time, so a seek can be judged by eye), a beep on every second.
# Needs ffmpeg with libx264 and the DejaVu fonts. The same ffmpeg makes the same bytes again:
# nothing of the encoder, the date or the number of processors is written into the file.
#
#   static/sample/make-sample.sh [OUTPUT]
set -euo pipefail

out=${1:-"$(dirname "$0")/reelgate-sample.mp4"}
seconds=8
rate=25
width=640
height=360
left=40 # margin of the bar
track=$((width - 2 * left))
fonts=${FONTS:-/usr/share/fonts/truetype/dejavu}

# 1. The picture. Hours, minutes, seconds and frame, as an editor would write them.
#    The head is overlaid because drawbox cannot move; the trail behind it is a wide box that slides in
#    from beyond the left edge, and the cover hides it there.
head="color=c=0xffb000:s=10x34:r=$rate"
trail="color=c=0x8a5f00:s=${track}x14:r=$rate"
position="$left+$track*t/$seconds"

# A numbered tick for every second.
ticks=
for ((second = 0; second <= seconds; second++)); do
    x=$((left + track * second / seconds))
    ticks+=",drawbox=x=$((x - 1)):y=288:w=2:h=8:color=0x6b7785:t=fill"
    ticks+=",drawtext=fontfile=$fonts/DejaVuSans.ttf:text=$second:fontsize=15:fontcolor=0x9aa5b1:x=$x-tw/2:y=301"
done

picture="
color=c=0x12161c:s=${width}x${height}:r=$rate[ground];
$trail[trail];
$head[head];
[ground]drawbox=x=$left:y=262:w=$track:h=14:color=0x262d37:t=fill[lane];
[lane][trail]overlay=x='$left-$track+$track*t/$seconds':y=262:eval=frame[swept];
[swept]drawbox=x=0:y=262:w=$left:h=14:color=0x12161c:t=fill[covered];
[covered][head]overlay=x='$position-5':y=252:eval=frame,
drawtext=fontfile=$fonts/DejaVuSans-Bold.ttf:text=reelgate:fontsize=34:fontcolor=0xffb000:x=$left:y=34,
drawtext=fontfile=$fonts/DejaVuSans.ttf:text='sample, 8 s':fontsize=18:fontcolor=0x9aa5b1:x=w-tw-$left:y=48,
drawtext=fontfile=$fonts/DejaVuSansMono-Bold.ttf:timecode='00\:00\:00\:00':rate=$rate:fontsize=78:fontcolor=white:x=(w-tw)/2:y=126
$ticks,
format=yuv420p[video]"

# 2. The sound. A quiet chord that fades in and out, and a short beep on every full second.
chord="0.035*sin(2*PI*220*t)+0.025*sin(2*PI*330*t)"
beep="0.16*sin(2*PI*880*t)*exp(-28*mod(t,1))"
sound="aevalsrc=exprs='$chord+$beep':s=48000:d=$seconds,
afade=t=in:d=0.05,afade=t=out:st=$((seconds - 1)).6:d=0.4,aformat=channel_layouts=stereo[audio]"

# 3. The file: moov first, a key frame every second so that a seek lands at once.
#    x264's options stand here in full because the bytes must not depend on the machine.
ffmpeg -nostdin -hide_banner -loglevel error -y \
    -filter_complex "$picture;$sound" -map '[video]' -map '[audio]' -t "$seconds" \
    -c:v libx264 -profile:v high -preset veryslow -crf 21 -g "$rate" -keyint_min "$rate" -sc_threshold 0 \
    -threads 1 -x264-params threads=1:lookahead_threads=1:sliced_threads=0 \
    -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \
    -c:a aac -b:a 64k -ac 2 \
    -map_metadata -1 -metadata title='reelgate sample' \
    -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -movflags +faststart \
    -f mp4 "$out"

ls -l "$out"
