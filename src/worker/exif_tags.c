/* The table of tag names. Sorted by number within a directory. */
#include "worker/exif_tags.h"

#include "base/macros.h"

static const struct exif_tag ifd0_tags[] = {
    { 0x00fe, EXIF_PLAIN, "NewSubfileType" },
    { 0x00ff, EXIF_PLAIN, "SubfileType" },
    { 0x0100, EXIF_PLAIN, "ImageWidth" },
    { 0x0101, EXIF_PLAIN, "ImageLength" },
    { 0x0102, EXIF_PLAIN, "BitsPerSample" },
    { 0x0103, EXIF_PLAIN, "Compression" },
    { 0x0106, EXIF_PLAIN, "PhotometricInterpretation" },
    { 0x0107, EXIF_PLAIN, "Threshholding" },
    { 0x0108, EXIF_PLAIN, "CellWidth" },
    { 0x0109, EXIF_PLAIN, "CellLength" },
    { 0x010a, EXIF_PLAIN, "FillOrder" },
    { 0x010d, EXIF_PLAIN, "DocumentName" },
    { 0x010e, EXIF_PLAIN, "ImageDescription" },
    { 0x010f, EXIF_PLAIN, "Make" },
    { 0x0110, EXIF_PLAIN, "Model" },
    { 0x0111, EXIF_PLAIN, "StripOffsets" },
    { 0x0112, EXIF_PLAIN, "Orientation" },
    { 0x0115, EXIF_PLAIN, "SamplesPerPixel" },
    { 0x0116, EXIF_PLAIN, "RowsPerStrip" },
    { 0x0117, EXIF_PLAIN, "StripByteCounts" },
    { 0x0118, EXIF_PLAIN, "MinSampleValue" },
    { 0x0119, EXIF_PLAIN, "MaxSampleValue" },
    { 0x011a, EXIF_PLAIN, "XResolution" },
    { 0x011b, EXIF_PLAIN, "YResolution" },
    { 0x011c, EXIF_PLAIN, "PlanarConfiguration" },
    { 0x011d, EXIF_PLAIN, "PageName" },
    { 0x011e, EXIF_PLAIN, "XPosition" },
    { 0x011f, EXIF_PLAIN, "YPosition" },
    { 0x0122, EXIF_PLAIN, "GrayResponseUnit" },
    { 0x0123, EXIF_SKIP, "GrayResponseCurve" },
    { 0x0128, EXIF_PLAIN, "ResolutionUnit" },
    { 0x0129, EXIF_PLAIN, "PageNumber" },
    { 0x012d, EXIF_SKIP, "TransferFunction" },
    { 0x0131, EXIF_PLAIN, "Software" },
    { 0x0132, EXIF_PLAIN, "DateTime" },
    { 0x013b, EXIF_PLAIN, "Artist" },
    { 0x013c, EXIF_PLAIN, "HostComputer" },
    { 0x013d, EXIF_PLAIN, "Predictor" },
    { 0x013e, EXIF_PLAIN, "WhitePoint" },
    { 0x013f, EXIF_PLAIN, "PrimaryChromaticities" },
    { 0x0140, EXIF_SKIP, "ColorMap" },
    { 0x0142, EXIF_PLAIN, "TileWidth" },
    { 0x0143, EXIF_PLAIN, "TileLength" },
    { 0x0144, EXIF_SKIP, "TileOffsets" },
    { 0x0145, EXIF_SKIP, "TileByteCounts" },
    { 0x014a, EXIF_PLAIN, "SubIFDs" },
    { 0x014c, EXIF_PLAIN, "InkSet" },
    { 0x0152, EXIF_PLAIN, "ExtraSamples" },
    { 0x0153, EXIF_PLAIN, "SampleFormat" },
    { 0x0201, EXIF_PLAIN, "JPEGInterchangeFormat" },
    { 0x0202, EXIF_PLAIN, "JPEGInterchangeFormatLength" },
    { 0x0211, EXIF_PLAIN, "YCbCrCoefficients" },
    { 0x0212, EXIF_PLAIN, "YCbCrSubSampling" },
    { 0x0213, EXIF_PLAIN, "YCbCrPositioning" },
    { 0x0214, EXIF_PLAIN, "ReferenceBlackWhite" },
    { 0x02bc, EXIF_SKIP, "XMLPacket" },
    { 0x4746, EXIF_PLAIN, "Rating" },
    { 0x4749, EXIF_PLAIN, "RatingPercent" },
    { 0x8298, EXIF_PLAIN, "Copyright" },
    { 0x83bb, EXIF_SKIP, "IPTCNAA" },
    { 0x8649, EXIF_SKIP, "ImageResources" },
    { 0x8769, EXIF_PLAIN, "ExifTag" },
    { 0x8773, EXIF_SKIP, "InterColorProfile" },
    { 0x8825, EXIF_PLAIN, "GPSTag" },
    { 0x9c9b, EXIF_UTF16, "XPTitle" },
    { 0x9c9c, EXIF_UTF16, "XPComment" },
    { 0x9c9d, EXIF_UTF16, "XPAuthor" },
    { 0x9c9e, EXIF_UTF16, "XPKeywords" },
    { 0x9c9f, EXIF_UTF16, "XPSubject" },
    { 0xc4a5, EXIF_SKIP, "PrintImageMatching" },
    { 0xc612, EXIF_PLAIN, "DNGVersion" },
    { 0xc613, EXIF_PLAIN, "DNGBackwardVersion" },
    { 0xc614, EXIF_PLAIN, "UniqueCameraModel" },
    { 0xc62f, EXIF_PLAIN, "CameraSerialNumber" },
};

static const struct exif_tag exif_tags[] = {
    { 0x829a, EXIF_PLAIN, "ExposureTime" },
    { 0x829d, EXIF_PLAIN, "FNumber" },
    { 0x8822, EXIF_PLAIN, "ExposureProgram" },
    { 0x8824, EXIF_PLAIN, "SpectralSensitivity" },
    { 0x8827, EXIF_PLAIN, "ISOSpeedRatings" },
    { 0x8828, EXIF_SKIP, "OECF" },
    { 0x8830, EXIF_PLAIN, "SensitivityType" },
    { 0x8831, EXIF_PLAIN, "StandardOutputSensitivity" },
    { 0x8832, EXIF_PLAIN, "RecommendedExposureIndex" },
    { 0x8833, EXIF_PLAIN, "ISOSpeed" },
    { 0x8834, EXIF_PLAIN, "ISOSpeedLatitudeyyy" },
    { 0x8835, EXIF_PLAIN, "ISOSpeedLatitudezzz" },
    { 0x9000, EXIF_PLAIN, "ExifVersion" },
    { 0x9003, EXIF_PLAIN, "DateTimeOriginal" },
    { 0x9004, EXIF_PLAIN, "DateTimeDigitized" },
    { 0x9010, EXIF_PLAIN, "OffsetTime" },
    { 0x9011, EXIF_PLAIN, "OffsetTimeOriginal" },
    { 0x9012, EXIF_PLAIN, "OffsetTimeDigitized" },
    { 0x9101, EXIF_PLAIN, "ComponentsConfiguration" },
    { 0x9102, EXIF_PLAIN, "CompressedBitsPerPixel" },
    { 0x9201, EXIF_PLAIN, "ShutterSpeedValue" },
    { 0x9202, EXIF_PLAIN, "ApertureValue" },
    { 0x9203, EXIF_PLAIN, "BrightnessValue" },
    { 0x9204, EXIF_PLAIN, "ExposureBiasValue" },
    { 0x9205, EXIF_PLAIN, "MaxApertureValue" },
    { 0x9206, EXIF_PLAIN, "SubjectDistance" },
    { 0x9207, EXIF_PLAIN, "MeteringMode" },
    { 0x9208, EXIF_PLAIN, "LightSource" },
    { 0x9209, EXIF_PLAIN, "Flash" },
    { 0x920a, EXIF_PLAIN, "FocalLength" },
    { 0x9214, EXIF_PLAIN, "SubjectArea" },
    { 0x927c, EXIF_SKIP, "MakerNote" },
    { 0x9286, EXIF_COMMENT, "UserComment" },
    { 0x9290, EXIF_PLAIN, "SubSecTime" },
    { 0x9291, EXIF_PLAIN, "SubSecTimeOriginal" },
    { 0x9292, EXIF_PLAIN, "SubSecTimeDigitized" },
    { 0x9400, EXIF_PLAIN, "Temperature" },
    { 0x9401, EXIF_PLAIN, "Humidity" },
    { 0x9402, EXIF_PLAIN, "Pressure" },
    { 0x9403, EXIF_PLAIN, "WaterDepth" },
    { 0x9404, EXIF_PLAIN, "Acceleration" },
    { 0x9405, EXIF_PLAIN, "CameraElevationAngle" },
    { 0xa000, EXIF_PLAIN, "FlashpixVersion" },
    { 0xa001, EXIF_PLAIN, "ColorSpace" },
    { 0xa002, EXIF_PLAIN, "PixelXDimension" },
    { 0xa003, EXIF_PLAIN, "PixelYDimension" },
    { 0xa004, EXIF_PLAIN, "RelatedSoundFile" },
    { 0xa005, EXIF_PLAIN, "InteroperabilityTag" },
    { 0xa20b, EXIF_PLAIN, "FlashEnergy" },
    { 0xa20c, EXIF_SKIP, "SpatialFrequencyResponse" },
    { 0xa20e, EXIF_PLAIN, "FocalPlaneXResolution" },
    { 0xa20f, EXIF_PLAIN, "FocalPlaneYResolution" },
    { 0xa210, EXIF_PLAIN, "FocalPlaneResolutionUnit" },
    { 0xa214, EXIF_PLAIN, "SubjectLocation" },
    { 0xa215, EXIF_PLAIN, "ExposureIndex" },
    { 0xa217, EXIF_PLAIN, "SensingMethod" },
    { 0xa300, EXIF_PLAIN, "FileSource" },
    { 0xa301, EXIF_PLAIN, "SceneType" },
    { 0xa302, EXIF_PLAIN, "CFAPattern" },
    { 0xa401, EXIF_PLAIN, "CustomRendered" },
    { 0xa402, EXIF_PLAIN, "ExposureMode" },
    { 0xa403, EXIF_PLAIN, "WhiteBalance" },
    { 0xa404, EXIF_PLAIN, "DigitalZoomRatio" },
    { 0xa405, EXIF_PLAIN, "FocalLengthIn35mmFilm" },
    { 0xa406, EXIF_PLAIN, "SceneCaptureType" },
    { 0xa407, EXIF_PLAIN, "GainControl" },
    { 0xa408, EXIF_PLAIN, "Contrast" },
    { 0xa409, EXIF_PLAIN, "Saturation" },
    { 0xa40a, EXIF_PLAIN, "Sharpness" },
    { 0xa40b, EXIF_SKIP, "DeviceSettingDescription" },
    { 0xa40c, EXIF_PLAIN, "SubjectDistanceRange" },
    { 0xa420, EXIF_PLAIN, "ImageUniqueID" },
    { 0xa430, EXIF_PLAIN, "CameraOwnerName" },
    { 0xa431, EXIF_PLAIN, "BodySerialNumber" },
    { 0xa432, EXIF_PLAIN, "LensSpecification" },
    { 0xa433, EXIF_PLAIN, "LensMake" },
    { 0xa434, EXIF_PLAIN, "LensModel" },
    { 0xa435, EXIF_PLAIN, "LensSerialNumber" },
    { 0xa460, EXIF_PLAIN, "CompositeImage" },
    { 0xa461, EXIF_PLAIN, "SourceImageNumberOfCompositeImage" },
    { 0xa462, EXIF_SKIP, "SourceExposureTimesOfCompositeImage" },
    { 0xa500, EXIF_PLAIN, "Gamma" },
};

static const struct exif_tag gps_tags[] = {
    { 0x0000, EXIF_PLAIN, "GPSVersionID" },         { 0x0001, EXIF_COMPASS, "GPSLatitudeRef" },
    { 0x0002, EXIF_DEGREES, "GPSLatitude" },        { 0x0003, EXIF_COMPASS, "GPSLongitudeRef" },
    { 0x0004, EXIF_DEGREES, "GPSLongitude" },       { 0x0005, EXIF_PLAIN, "GPSAltitudeRef" },
    { 0x0006, EXIF_PLAIN, "GPSAltitude" },          { 0x0007, EXIF_PLAIN, "GPSTimeStamp" },
    { 0x0008, EXIF_PLAIN, "GPSSatellites" },        { 0x0009, EXIF_PLAIN, "GPSStatus" },
    { 0x000a, EXIF_PLAIN, "GPSMeasureMode" },       { 0x000b, EXIF_PLAIN, "GPSDOP" },
    { 0x000c, EXIF_PLAIN, "GPSSpeedRef" },          { 0x000d, EXIF_PLAIN, "GPSSpeed" },
    { 0x000e, EXIF_PLAIN, "GPSTrackRef" },          { 0x000f, EXIF_PLAIN, "GPSTrack" },
    { 0x0010, EXIF_PLAIN, "GPSImgDirectionRef" },   { 0x0011, EXIF_PLAIN, "GPSImgDirection" },
    { 0x0012, EXIF_PLAIN, "GPSMapDatum" },          { 0x0013, EXIF_COMPASS, "GPSDestLatitudeRef" },
    { 0x0014, EXIF_DEGREES, "GPSDestLatitude" },    { 0x0015, EXIF_COMPASS, "GPSDestLongitudeRef" },
    { 0x0016, EXIF_DEGREES, "GPSDestLongitude" },   { 0x0017, EXIF_PLAIN, "GPSDestBearingRef" },
    { 0x0018, EXIF_PLAIN, "GPSDestBearing" },       { 0x0019, EXIF_PLAIN, "GPSDestDistanceRef" },
    { 0x001a, EXIF_PLAIN, "GPSDestDistance" },      { 0x001b, EXIF_COMMENT, "GPSProcessingMethod" },
    { 0x001c, EXIF_COMMENT, "GPSAreaInformation" }, { 0x001d, EXIF_PLAIN, "GPSDateStamp" },
    { 0x001e, EXIF_PLAIN, "GPSDifferential" },      { 0x001f, EXIF_PLAIN, "GPSHPositioningError" },
};

static const struct exif_tag interop_tags[] = {
    { 0x0001, EXIF_PLAIN, "InteroperabilityIndex" },
    { 0x0002, EXIF_PLAIN, "InteroperabilityVersion" },
    { 0x1000, EXIF_PLAIN, "RelatedImageFileFormat" },
    { 0x1001, EXIF_PLAIN, "RelatedImageWidth" },
    { 0x1002, EXIF_PLAIN, "RelatedImageLength" },
};

static const struct exif_tag canon_tags[] = {
    { 0x000c, EXIF_SERIAL, "BodySerialNumber" },
    { 0x0095, EXIF_NAME, "LensModel" },
};

static const struct exif_tag nikon_tags[] = {
    { 0x001d, EXIF_NAME, "BodySerialNumber" },
    { 0x0084, EXIF_LENS, "LensModel" },
    { 0x00a0, EXIF_NAME, "BodySerialNumber" },
};

static const struct exif_tag fuji_tags[] = {
    { 0x0010, EXIF_NAME, "InternalSerialNumber" },
    { 0x1431, EXIF_PLAIN, "Rating" },
};

static const struct exif_tag olympus_equipment_tags[] = {
    { 0x0101, EXIF_NAME, "BodySerialNumber" },
    { 0x0202, EXIF_NAME, "LensSerialNumber" },
    { 0x0203, EXIF_NAME, "LensModel" },
};

static const struct exif_tag panasonic_tags[] = {
    { 0x0025, EXIF_NAME, "InternalSerialNumber" },
    { 0x0051, EXIF_NAME, "LensModel" },
    { 0x0052, EXIF_NAME, "LensSerialNumber" },
};

static const struct exif_tag pentax_tags[] = {
    { 0x0229, EXIF_NAME, "BodySerialNumber" },
};

static const struct exif_tag apple_tags[] = {
    { 0x0011, EXIF_NAME, "ContentIdentifier" },
};

static const struct {
    const struct exif_tag *rows;
    size_t n;
} directories[] = {
    [EXIF_IFD0] = { ifd0_tags, N_ELEMENTS (ifd0_tags) },
    [EXIF_EXIF] = { exif_tags, N_ELEMENTS (exif_tags) },
    [EXIF_GPS] = { gps_tags, N_ELEMENTS (gps_tags) },
    [EXIF_INTEROP] = { interop_tags, N_ELEMENTS (interop_tags) },
    [EXIF_SUB] = { NULL, 0 },
    [EXIF_CANON] = { canon_tags, N_ELEMENTS (canon_tags) },
    [EXIF_NIKON] = { nikon_tags, N_ELEMENTS (nikon_tags) },
    [EXIF_FUJI] = { fuji_tags, N_ELEMENTS (fuji_tags) },
    [EXIF_OLYMPUS] = { NULL, 0 },
    [EXIF_OLYMPUS_EQUIPMENT] = { olympus_equipment_tags, N_ELEMENTS (olympus_equipment_tags) },
    [EXIF_PANASONIC] = { panasonic_tags, N_ELEMENTS (panasonic_tags) },
    [EXIF_PENTAX] = { pentax_tags, N_ELEMENTS (pentax_tags) },
    [EXIF_APPLE] = { apple_tags, N_ELEMENTS (apple_tags) },
};

const struct exif_tag *exif_find_tag (enum exif_directory directory, uint16_t tag)
{
    size_t low = 0, high = directories[directory].n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct exif_tag *row = &directories[directory].rows[middle];
        if (row->tag == tag)
            return row;
        if (row->tag < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
