//! The one conformance suite; every encoder that this machine has runs it.
//!
//! A new backend adds one line below. ffmpeg must be installed; x264 need not be, and its tests say so.

mod cases;
mod content;
mod decode;
mod stream;

macro_rules! conformance {
    ($($module:ident: $name:literal),* $(,)?) => {
        $(mod $module {
            conformance! { @cases $name
                idr_comes_first_and_on_demand
                every_group_decodes_on_its_own
                nothing_is_reordered_and_colours_are_bt709
                a_new_size_starts_anew
                an_odd_size_is_coded_one_pixel_larger
                a_picture_below_a_macroblock_is_coded_as_one
                the_largest_picture_works_and_a_larger_one_changes_nothing
                text_stays_sharp
                a_thousand_pictures_reach_ffmpeg_whole
                a_still_picture_gives_nothing
                noise_stays_under_the_ceiling
                a_new_ceiling_or_quality_is_seamless
                threads_still_give_one_unit_per_picture
                tiny_and_narrow_pictures_work_with_any_number_of_threads
                typing_leaves_the_next_page_sharp
                a_quiet_picture_makes_good_what_the_ceiling_took
            }
        })*
    };
    (@cases $name:literal $($case:ident)*) => {
        $(#[test]
        fn $case() {
            crate::stream::run(stringify!($case), $name, crate::cases::$case);
        })*
    };
}

conformance! {
    screen: "screen",
    openh264: "openh264",
    x264: "x264",
    x264_superfast: "x264-superfast",
}
