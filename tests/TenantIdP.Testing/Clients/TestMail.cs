using MimeKit;

namespace TenantIdP.Testing.Clients;

/// <summary>A mail as the person has it.</summary>
public sealed record TestMail(string Id, string Subject, string Text, string Html, string File, string Path)
{
    /// <summary>The mails that a server dropped for this address, in the order in which they were sent: ids of one millisecond have none.</summary>
    public static IReadOnlyList<TestMail> In(string folder, string address)
    {
        var found = new List<TestMail>();
        foreach (var path in new DirectoryInfo(folder).GetFiles("*.eml").OrderBy(f => f.LastWriteTimeUtc).Select(f => f.FullName))
        {
            if (Load(path) is not var (mail, file)) continue;
            if (mail.To.Mailboxes.Any(m => string.Equals(m.Address, address, StringComparison.OrdinalIgnoreCase)))
                found.Add(new TestMail(System.IO.Path.GetFileNameWithoutExtension(path), mail.Subject ?? "", mail.TextBody ?? "", mail.HtmlBody ?? "", file, path));
        }

        return found;
    }

    /// <summary>Null when the server has made room since it was listed.</summary>
    private static (MimeMessage Mail, string Text)? Load(string path)
    {
        try
        {
            return (MimeMessage.Load(path), System.IO.File.ReadAllText(path));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The addresses in the text.</summary>
    public IReadOnlyList<Uri> Links => [.. Text.Split([' ', '\n', '\r', '<', '>'], StringSplitOptions.RemoveEmptyEntries).Where(w => w.StartsWith("http", StringComparison.Ordinal)).Select(w => new Uri(w))];
}
