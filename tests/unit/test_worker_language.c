#include "test.h"

#include "worker/language.h"

/* Article 1 of the Universal Declaration of Human Rights, and a bit of article 2. */
static void test_languages (void **state)
{
    (void) state;
    static const struct {
        const char *code, *text;
    } rows[] = {
        { "en",
          "All human beings are born free and equal in dignity and rights. They are endowed with "
          "reason and conscience and should act towards one another in a spirit of brotherhood." },
        { "de",
          "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft "
          "und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen." },
        { "fr", "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont "
                "doués de raison et de conscience et doivent agir les uns envers les autres dans "
                "un esprit de fraternité." },
        { "es",
          "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como "
          "están de razón y conciencia, deben comportarse fraternalmente los unos con los otros. "
          "Toda persona tiene los derechos y libertades proclamados en esta Declaración." },
        { "it", "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono "
                "dotati di ragione e di coscienza e devono agire gli uni verso gli altri in "
                "spirito di fratellanza." },
        { "pt", "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados "
                "de razão e de consciência, devem agir uns para com os outros em espírito de "
                "fraternidade." },
        { "nl", "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn "
                "begiftigd met verstand en geweten, en behoren zich jegens elkander in een geest "
                "van broederschap te gedragen." },
        { "sv",
          "Alla människor är födda fria och lika i värde och rättigheter. De har utrustats med "
          "förnuft och samvete och bör handla gentemot varandra i en anda av gemenskap." },
        { "pl",
          "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni "
          "obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa." },
        { "ru",
          "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены "
          "разумом и совестью и должны поступать в отношении друг друга в духе братства. Каждый "
          "человек должен обладать всеми правами и всеми свободами, но не все это знают, и так "
          "было для всех." },
        { "ja",
          "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。" },
        { "zh", "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心" },
        { "ko", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다." },
        { "el", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια" },
        { "he", "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם" },
        { "ar", "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق" },
        { "th", "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ" },
        { "tr", "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana "
                "sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler. "
                "Bu beyanname ile ilan olunan bir hak için de çok var." },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        const char *code = language_guess (rows[i].text, strlen (rows[i].text));
        if (!code || strcmp (code, rows[i].code) != 0)
            fail_msg ("%s taken for %s", rows[i].code, code ? code : "nothing");
    }
}

static void test_unsure (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "",
        "OK",
        "the",
        "int main (void) { return x + y * z; } struct list *next;",
        "1234567890 1234567890 1234567890",
        "lorem ipsum dolor sit amet consectetur adipiscing elit",
    };
    for (size_t i = 0; i < N_ELEMENTS (texts); i++)
        assert_null (language_guess (texts[i], strlen (texts[i])));
}

static void test_words_are_sorted (void **state)
{
    (void) state;
    static const char *const words[] = {
#define WORD(text, languages) text,
#include "worker/language_words.def"
#undef WORD
    };
    for (size_t i = 1; i < N_ELEMENTS (words); i++)
        assert_true (strcmp (words[i - 1], words[i]) < 0);
}

/* Long words count as short ones do; what is longer than all words of the table is no word of it.
 */
static void test_long_words (void **state)
{
    (void) state;
    static const char german[] = "nicht werden einer durch einen haben nicht werden einer durch.";
    assert_string_equal (language_guess (german, strlen (german)), "de");
    static const char longer[] =
        "nichtnichtnicht werdenwerdenwer einereinereiner durchdurchdurch einenundeinender "
        "habenhabenhaben nichtnichtnicht.";
    assert_null (language_guess (longer, strlen (longer)));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_long_words),
        cmocka_unit_test (test_languages),
        cmocka_unit_test (test_unsure),
        cmocka_unit_test (test_words_are_sorted),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
