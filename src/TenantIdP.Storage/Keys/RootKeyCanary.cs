using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Storage.Keys;

/// <summary>A known text, sealed when the database was made: a process with other root keys finds out before it serves anyone.</summary>
internal static class RootKeyCanary
{
    private const string Known = "tenantidp";

    private static readonly SecretPlace Place = new("instance_settings", "value", InstanceSetting.RootKeyCanary);

    public static async Task CheckAsync(IdpDbContext db, SecretBox box, RootKeys keys, CancellationToken ct)
    {
        var stored = await db.InstanceSettings.AsNoTracking().FirstOrDefaultAsync(s => s.Name == InstanceSetting.RootKeyCanary, ct);
        if (stored is null)
        {
            db.InstanceSettings.Add(new InstanceSetting(InstanceSetting.RootKeyCanary, box.Seal(Known, Place)));
            await db.SaveChangesAsync(ct);
            return;
        }

        try
        {
            if (box.OpenText(stored.Value, Place) == Known) return;
        }
        catch (CryptographicException cause)
        {
            throw Refusal(stored.Value, keys, cause);
        }

        throw Refusal(stored.Value, keys, cause: null);
    }

    private static StartupException Refusal(string stored, RootKeys keys, CryptographicException? cause)
    {
        var needed = stored.Split('.') is [_, var keyId, _] ? keyId : "unknown";
        return keys.Find(needed) is null
            ? new($"The database is sealed with root key {needed}, which {RootKeyFile.SettingKey} does not hold (it holds {string.Join(", ", keys.Ids)}). Add the key {needed} after the active one.", cause)
            : new($"The row {InstanceSetting.RootKeyCanary} of instance_settings does not open with root key {needed} of {RootKeyFile.SettingKey}: it was altered.", cause);
    }
}
