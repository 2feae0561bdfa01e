using MimeKit;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Server.Mail;

/// <summary>A mail as <c>/dev/mail</c> lists it.</summary>
internal sealed record DroppedMail(string Id, DateTimeOffset Date, string To, string Subject, string Text, string Html);

/// <summary>Development without a mail server: each mail becomes a file of its own, named by its id, so that one sent twice is one. Holds the newest <see cref="Kept"/>.</summary>
internal sealed class MailDrop : IMailTransport
{
    public const int Kept = 200;

    private readonly string folder;

    /// <exception cref="StartupException">The folder can't be made.</exception>
    public MailDrop(string folder)
    {
        this.folder = folder;
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute); // links in it work
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException("TenantIdP__Mail__DropFolder can't be made: give a folder that this process may write to.", e);
        }
    }

    public async Task<OutboxOutcome> SendAsync(MimeMessage message, Id<OutboxMessage> id, CancellationToken ct)
    {
        // Moved into place whole: whoever lists meanwhile never sees half a mail.
        var (path, half) = (PathOf(id.ToString()), PathOf(id.ToString()) + ".part");
        await using (var file = File.Create(half)) await message.WriteToAsync(file, ct);
        File.Move(half, path, overwrite: true);
        foreach (var old in Files().Skip(Kept)) File.Delete(old);
        return new OutboxOutcome.Delivered();
    }

    /// <summary>The newest first.</summary>
    public IReadOnlyList<DroppedMail> List() => [.. Files().Select(Read).OfType<DroppedMail>()];

    /// <summary>Null for anything that is not the id of one of them.</summary>
    public DroppedMail? Find(string? id) => Id<OutboxMessage>.TryParse(id, out var parsed) ? Read(PathOf(parsed.ToString())) : null;

    private string PathOf(string id) => Path.Combine(folder, id + ".eml");

    // Ids are made in the order of time.
    private IEnumerable<string> Files() => Directory.EnumerateFiles(folder, OutboxMessage.IdPrefix + "_*.eml").OrderDescending(StringComparer.Ordinal);

    private static DroppedMail? Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            using var mail = MimeMessage.Load(file);
            return new DroppedMail(Path.GetFileNameWithoutExtension(path), mail.Date, mail.To.ToString(), mail.Subject ?? "", mail.TextBody ?? "", mail.HtmlBody ?? "");
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return null; // removed in this moment, or not ours
        }
    }
}
