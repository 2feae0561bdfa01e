using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace TenantIdP.Core.Instance;

/// <summary>One request that a caller named, so that repeating it does nothing twice.</summary>
public sealed class IdempotencyKey(string caller, string key, string fingerprint, DateTimeOffset expiresAt)
{
    public const int MaxCallerLength = 200;
    public const int MaxKeyLength = 255;

    public string Caller { get; private set; } = caller;
    public string Key { get; private set; } = key;

    /// <summary>SHA-256 of method, address and body.</summary>
    public string Fingerprint { get; private set; } = fingerprint;

    /// <summary>Counts who took it up, so that one who took too long doesn't overwrite the answer of the next.</summary>
    public int Attempt { get; private set; } = 1;

    /// <summary>Null while the request is under way.</summary>
    public int? Status { get; private set; }

    /// <summary>Headers and body, sealed: they may hold a secret that is shown once.</summary>
    public string? Answer { get; private set; }

    /// <summary>Until when it is kept; while it is under way, until when nobody else may take it up.</summary>
    public DateTimeOffset ExpiresAt { get; private set; } = expiresAt;
}

internal sealed class IdempotencyKeyMapping : IEntityTypeConfiguration<IdempotencyKey>
{
    public void Configure(EntityTypeBuilder<IdempotencyKey> key)
    {
        // Two requests with one key at the same moment: the primary key decides who runs.
        key.ToTable("idempotency_keys");
        key.HasKey(k => new { k.Caller, k.Key });
        key.Property(k => k.Caller).HasMaxLength(IdempotencyKey.MaxCallerLength);
        key.Property(k => k.Key).HasMaxLength(IdempotencyKey.MaxKeyLength);
        key.Property(k => k.Fingerprint).HasMaxLength(64);
        key.HasIndex(k => k.ExpiresAt);
    }
}
