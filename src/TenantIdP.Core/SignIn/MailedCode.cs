using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>What a mailed code is good for; for nothing else.</summary>
public enum MailedCodePurpose
{
    SignIn,
    NewPassword,
}

/// <summary>
/// A code that was asked for in one browser and mailed to one address. It is proven in that browser only, once, and what it is used for happens once: both are conditional statements
/// (SECURITY.md B3, B7). There is one for an address that nobody has, too, which nothing proves.
/// </summary>
public sealed class MailedCode : IHasIdPrefix
{
    public const string Table = "mailed_codes";

    /// <summary>Wrong codes, after which a new one is asked for.</summary>
    public const int MaxTries = 5;

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>How long a new password may be thought of.</summary>
    public static readonly TimeSpan ProvenLifetime = TimeSpan.FromMinutes(15);

    private MailedCode(Id<MailedCode> id, string addressKey, string browserHash, string codeHash, DateTimeOffset expiresAt) =>
        (Id, AddressKey, BrowserHash, CodeHash, ExpiresAt) = (id, addressKey, browserHash, codeHash, expiresAt);

    public static string IdPrefix => "mco";

    public Id<MailedCode> Id { get; private set; }

    /// <summary>Whose account the address leads to; null when it leads to none that may be entered so.</summary>
    public Id<User>? UserId { get; private set; }

    public MailedCodePurpose Purpose { get; private set; }

    /// <summary>The <see cref="Fingerprint"/> of the normalized address.</summary>
    public string AddressKey { get; private set; }

    /// <summary>Of the secret that the browser keeps.</summary>
    public string BrowserHash { get; private set; }

    /// <summary>Of that secret and the code: without the browser's part the code can't be tried against it.</summary>
    public string CodeHash { get; private set; }

    public int FailedCount { get; private set; }
    public DateTimeOffset ExpiresAt { get; private set; }
    public DateTimeOffset? ProvenAt { get; private set; }
    public DateTimeOffset? UsedAt { get; private set; }

    internal static MailedCode Create(Id<User>? user, MailedCodePurpose purpose, EmailAddress address, string browserSecret, OneTimeCode code, DateTimeOffset now) =>
        new(Id<MailedCode>.New(now), KeyOf(address), MachineSecret.Hash(browserSecret), MachineSecret.Hash(Whole(browserSecret, code)), now + Lifetime) { UserId = user, Purpose = purpose };

    internal static string KeyOf(EmailAddress address) => Fingerprint.Of(address.Normalized);

    /// <summary>Whether it is the code that this browser asked for, for this and for this address.</summary>
    internal bool IsOf(MailedCodeTicket ticket) => Purpose == ticket.Purpose && AddressKey == KeyOf(ticket.Address) && MachineSecret.Matches(ticket.Secret, BrowserHash);

    internal bool Is(OneTimeCode code, MailedCodeTicket ticket) => IsOf(ticket) && MachineSecret.Matches(Whole(ticket.Secret, code), CodeHash);

    private static string Whole(string browserSecret, OneTimeCode code) => $"{browserSecret}\n{code.Text}";
}

internal sealed class MailedCodeMapping : IEntityTypeConfiguration<MailedCode>
{
    public void Configure(EntityTypeBuilder<MailedCode> code)
    {
        code.ToTable(MailedCode.Table);
        code.HasKey(c => c.Id);
        code.Property(c => c.AddressKey).HasMaxLength(64);
        code.Property(c => c.BrowserHash).HasMaxLength(64);
        code.Property(c => c.CodeHash).HasMaxLength(64);
        code.HasOne<User>().WithMany().HasForeignKey(c => c.UserId).OnDelete(DeleteBehavior.Cascade);

        // A new one takes the place of those before it, and what is over is deleted by its time.
        code.HasIndex(c => c.AddressKey);
        code.HasIndex(c => c.ExpiresAt);
    }
}
