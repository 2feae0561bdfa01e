using System.Globalization;
using System.Text;

namespace TenantIdP.Core.Mail;

/// <summary>What stands in a mail.</summary>
internal static class MailText
{
    /// <summary>A moment, to the minute.</summary>
    public static string Of(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>What does more to the reader's screen than stand there: every control character but the end of a line, and what reverses the direction of text.</summary>
    public static bool IsBad(Rune rune) =>
        (Rune.IsControl(rune) && rune.Value != '\n') || rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) or 0x2028 or 0x2029;
}
