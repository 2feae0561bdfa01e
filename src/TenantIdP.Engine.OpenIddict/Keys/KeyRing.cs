using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Keys;

/// <summary>One signing key of the instance, opened.</summary>
public sealed record SigningKey(string Kid, string Algorithm, int Generation, DateTimeOffset ActivatesAt, SigningCredentials Credentials);

/// <summary>
/// The keys of the instance, shared by all nodes through the database: asymmetric ones that sign what apps read, rotated with overlap, and symmetric ones derived from the
/// root keys for what only we read (codes, refresh tokens, pushed requests). Feeds the engine's options and reloads them when the key set changes.
/// </summary>
public sealed class KeyRing : IConfigureOptions<OpenIddictServerOptions>, IOptionsChangeTokenSource<OpenIddictServerOptions>, INodeCache, IDisposable
{
    public static readonly string[] Algorithms = ["ES256", "RS256"];

    private readonly SecretBox box;
    private readonly SigningKeyOptions options;
    private readonly TimeProvider clock;
    private readonly IReadOnlyList<(SigningCredentials Signing, EncryptingCredentials Encryption)> internalKeys;
    private volatile IReadOnlyList<SigningKey> keys = [];
    private CancellationTokenSource changed = new();
    private volatile TaskCompletionSource told = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public KeyRing(RootKeys root, SecretBox box, SigningKeyOptions options, TimeProvider clock)
    {
        (this.box, this.options, this.clock) = (box, options, clock);
        internalKeys = [.. root.Ids.OrderByDescending(id => id == root.ActiveId).Select(id => Derive(id, root.Find(id)!))]; // the ids are the ring's own
    }

    string IOptionsChangeTokenSource<OpenIddictServerOptions>.Name => Options.DefaultName;

    string INodeCache.Name => NodeChange.SigningKeys;

    /// <summary>Ends when the set has changed and is to be read again.</summary>
    public Task Told => told.Task;

    /// <summary>What verifies tokens for others now: every published key.</summary>
    public IReadOnlyList<SigningKey> Published => keys;

    public IChangeToken GetChangeToken() => new CancellationChangeToken(changed.Token);

    public void Configure(OpenIddictServerOptions options)
    {
        if (keys.Count == 0) throw new InvalidOperationException("Signing keys are read before the first request; the start-up step did not run.");
        foreach (var key in keys) options.SigningCredentials.Add(key.Credentials);
        foreach (var (signing, encryption) in internalKeys)
        {
            options.SigningCredentials.Add(signing);
            options.EncryptionCredentials.Add(encryption);
        }
    }

    /// <summary>The key that signs now for an algorithm: the newest that is active, or the oldest of a new instance when this node's clock is behind that of the node that made it.</summary>
    public SigningCredentials Active(string algorithm)
    {
        var now = clock.GetUtcNow();
        var mine = keys.Where(k => k.Algorithm == algorithm).ToList();
        return (mine.Where(k => k.ActivatesAt <= now).MaxBy(k => k.Generation) ?? mine.MinBy(k => k.Generation))?.Credentials
            ?? throw new InvalidOperationException($"There is no active {algorithm} key.");
    }

    public SigningCredentials InternalSigning => internalKeys[0].Signing;

    public EncryptingCredentials InternalEncryption => internalKeys[0].Encryption;

    /// <summary>Forgets nothing: without keys there would be no answer. They are read again at once.</summary>
    public void Evict(string? key) => told.TrySetResult();

    /// <summary>Makes the keys that are due, drops those past their time and reads the set again. Any number of nodes may do it at once.</summary>
    public async Task RefreshAsync(OidcDbContext db, CancellationToken ct)
    {
        await RotateAsync(db, ct);
        await ReadAsync(db, ct);
    }

    /// <summary>Makes the keys that are due and drops those past their time. Any number of nodes may do it at once; one is enough.</summary>
    /// <returns>Whether the set is another now.</returns>
    public async Task<bool> RotateAsync(OidcDbContext db, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var rotated = false;
        foreach (var algorithm in Algorithms) rotated |= await RotateAsync(db, algorithm, now, ct);
        return rotated;
    }

    /// <summary>Reads the set as it is in the database.</summary>
    public async Task ReadAsync(OidcDbContext db, CancellationToken ct)
    {
        if (told.Task.IsCompleted) told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); // before reading: what is told while we read is read again
        var known = keys.ToDictionary(k => k.Kid, StringComparer.Ordinal);
        var rows = await db.SigningKeys.AsNoTracking().ToListAsync(ct);
        var read = rows.Select(row => known.GetValueOrDefault(row.Kid) ?? Open(row)).OrderBy(k => k.Algorithm, StringComparer.Ordinal).ThenByDescending(k => k.Generation).ToList();
        if (read.Select(k => k.Kid).SequenceEqual(keys.Select(k => k.Kid))) return;

        keys = read;
        var before = Interlocked.Exchange(ref changed, new CancellationTokenSource());
        await before.CancelAsync();
        before.Dispose();
    }

    public void Dispose() => changed.Dispose();

    private async Task<bool> RotateAsync(OidcDbContext db, string algorithm, DateTimeOffset now, CancellationToken ct)
    {
        var created = true;
        var rows = await db.SigningKeys.AsNoTracking().Where(k => k.Algorithm == algorithm).OrderByDescending(k => k.Generation).ToListAsync(ct);
        if (rows.Count == 0)
        {
            await CreateAsync(db, algorithm, 1, now, now, ct);
        }
        else if (Utc(rows[0].ActivatesAt) + TimeSpan.FromDays(options.RotateDays) - TimeSpan.FromHours(options.AnnounceHours) <= now)
        {
            // Announced for the whole time even when the server was off for months: verifiers must have a chance to fetch it.
            await CreateAsync(db, algorithm, rows[0].Generation + 1, now, now + TimeSpan.FromHours(options.AnnounceHours), ct);
        }
        else
        {
            created = false;
        }

        var successor = rows.FirstOrDefault(k => Utc(k.ActivatesAt) + TimeSpan.FromDays(options.RetainDays) <= now);
        return (successor is not null && await db.SigningKeys.Where(k => k.Algorithm == algorithm && k.Generation < successor.Generation).ExecuteDeleteAsync(ct) > 0) || created;
    }

    private async Task CreateAsync(OidcDbContext db, string algorithm, int generation, DateTimeOffset now, DateTimeOffset activates, CancellationToken ct)
    {
        using AsymmetricAlgorithm key = algorithm == "RS256" ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var kid = Base64UrlEncoder.Encode(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..22];
        db.SigningKeys.Add(new SigningKeyRow
        {
            Kid = kid,
            Algorithm = algorithm,
            Generation = generation,
            SealedKey = box.Seal(key.ExportPkcs8PrivateKey(), Place(kid)),
            CreatedAt = now.UtcDateTime,
            ActivatesAt = activates.UtcDateTime,
        });
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException)
        {
            // Another node made this generation first; if it was anything else, the read that follows finds no key and says so.
            db.ChangeTracker.Clear();
            if (!await db.SigningKeys.AnyAsync(k => k.Algorithm == algorithm && k.Generation == generation, ct)) throw;
        }
    }

    private SigningKey Open(SigningKeyRow row)
    {
        var pkcs8 = box.Open(row.SealedKey, Place(row.Kid));
        SecurityKey key;
        if (row.Algorithm == "RS256")
        {
            var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(pkcs8, out _);
            key = new RsaSecurityKey(rsa) { KeyId = row.Kid };
        }
        else
        {
            var ecdsa = ECDsa.Create();
            ecdsa.ImportPkcs8PrivateKey(pkcs8, out _);
            key = new ECDsaSecurityKey(ecdsa) { KeyId = row.Kid };
        }

        CryptographicOperations.ZeroMemory(pkcs8);
        return new SigningKey(row.Kid, row.Algorithm, row.Generation, Utc(row.ActivatesAt), new SigningCredentials(key, row.Algorithm));
    }

    private static SecretPlace Place(string kid) => new("oidc_signing_keys", "sealed_key", kid);

    private static DateTimeOffset Utc(DateTime value) => new(DateTime.SpecifyKind(value, DateTimeKind.Utc));

    private static (SigningCredentials, EncryptingCredentials) Derive(string id, byte[] root)
    {
        var signing = HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, info: Encoding.ASCII.GetBytes("tenantidp oidc internal signing v1"));
        var encryption = HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, info: Encoding.ASCII.GetBytes("tenantidp oidc internal encryption v1"));
        return (
            new SigningCredentials(new SymmetricSecurityKey(signing) { KeyId = "s-" + id }, SecurityAlgorithms.HmacSha256),
            new EncryptingCredentials(new SymmetricSecurityKey(encryption) { KeyId = "e-" + id }, SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
    }
}
