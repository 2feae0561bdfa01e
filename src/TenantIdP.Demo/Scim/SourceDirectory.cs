namespace TenantIdP.Demo.Scim;

/// <summary>Somebody in the directory of the demo's customer.</summary>
/// <param name="Key">The local part of the address, and the id of the person here.</param>
internal sealed record SourcePerson(string Key, string GivenName, string FamilyName, string Title, string Language, string? DisplayName = null)
{
    public string Email => $"{Key}@{SourceDirectory.Domain}";

    /// <summary>As the person's own language orders it.</summary>
    public string Name => DisplayName ?? $"{GivenName} {FamilyName}";

    public string? ManagerKey { get; init; }
}

internal sealed record SourceGroup(string Name, IReadOnlyList<string> Members);

/// <summary>Who works at Acme, as its identity provider knows it: 25 people and 3 groups. Ann and Bob have been members of Acme before.</summary>
internal static class SourceDirectory
{
    public const string Domain = "acme.test";

    public static IReadOnlyList<SourcePerson> People { get; } =
    [
        new("ann", "Ann", "Acheson", "Chief executive", "en-GB"),
        new("bob", "Bob", "Barlow", "Accountant", "en-GB") { ManagerKey = "ann" },
        new("lukasz", "Łukasz", "Wiśniewski", "Head of engineering", "pl-PL") { ManagerKey = "ann" },
        new("zoe", "Zoë", "Müller-Öztürk", "Head of finance", "de-CH") { ManagerKey = "ann" },
        new("sofia", "Σοφία", "Παπαδοπούλου", "Engineer", "el-GR") { ManagerKey = "lukasz" },
        new("olena", "Олена", "Шевченко", "Engineer", "uk-UA") { ManagerKey = "lukasz" },
        new("mohammed", "محمد", "الفارسي", "Engineer", "ar-EG") { ManagerKey = "lukasz" },
        new("noa", "נועה", "לוי", "Engineer", "he-IL") { ManagerKey = "lukasz" },
        new("priya", "प्रिया", "शर्मा", "Engineer", "hi-IN") { ManagerKey = "lukasz" },
        new("xiaoming", "小明", "王", "Engineer", "zh-CN", "王小明") { ManagerKey = "lukasz" },
        new("misaki", "美咲", "田中", "Designer", "ja-JP", "田中 美咲") { ManagerKey = "lukasz" },
        new("minjun", "민준", "김", "Engineer", "ko-KR", "김민준") { ManagerKey = "lukasz" },
        new("huong", "Hương", "Nguyễn", "Engineer", "vi-VN", "Nguyễn Thị Hương") { ManagerKey = "lukasz" },
        new("thanawat", "ธนวัฒน์", "ศรีสุข", "Controller", "th-TH") { ManagerKey = "zoe" },
        new("siobhan", "Siobhán", "O'Brien", "Accountant", "ga-IE") { ManagerKey = "zoe" },
        new("ragnhild", "Ragnhild", "Ærø", "Treasurer", "nb-NO") { ManagerKey = "zoe" },
        new("jose", "José", "García Márquez", "Support", "es-CO") { ManagerKey = "ann" },
        new("cagla", "Çağla", "Yılmaz", "Support", "tr-TR") { ManagerKey = "jose" },
        new("eva", "Éva", "Nagy", "Support", "hu-HU", "Nagy Éva") { ManagerKey = "jose" },
        new("nino", "ნინო", "ბერიძე", "Support", "ka-GE") { ManagerKey = "jose" },
        new("aram", "Արամ", "Պետրոսյան", "Support", "hy-AM") { ManagerKey = "jose" },
        new("tewodros", "ቴዎድሮስ", "በቀለ", "Support", "am-ET") { ManagerKey = "jose" },
        new("leilani", "Leilani", "Kealoha", "Office", "en-US") { ManagerKey = "ann" },
        new("bjork", "Björk", "Guðmundsdóttir", "Office", "is-IS") { ManagerKey = "ann" },
        new("femi", "Olúfẹ́mi", "Adébáyọ̀", "Office", "yo-NG") { ManagerKey = "ann" },
    ];

    public static IReadOnlyList<SourceGroup> Groups { get; } =
    [
        new("Engineering", ["lukasz", "sofia", "olena", "mohammed", "noa", "priya", "xiaoming", "misaki", "minjun", "huong"]),
        new("Finance", ["zoe", "bob", "thanawat", "siobhan", "ragnhild"]),
        new("Leadership", ["ann", "lukasz", "zoe", "jose"]),
    ];
}
