using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Storage.Keys;

/// <summary>Keeps the ring in the table that all nodes share.</summary>
internal sealed class DataProtectionRing(IServiceScopeFactory scopes) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var scope = scopes.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        return [.. db.Set<DataProtectionKey>().AsNoTracking().OrderBy(k => k.Name).Select(k => k.Xml).AsEnumerable().Select(xml => XElement.Parse(xml))];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var scope = scopes.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        db.Add(new DataProtectionKey(friendlyName, element.ToString(SaveOptions.DisableFormatting)));

        // The framework's contract is synchronous; it stores a key every 90 days.
        db.SaveChangesAsync(CancellationToken.None).GetAwaiter().GetResult();
    }
}

/// <summary>Seals the secret part of a ring key with the active root key.</summary>
internal sealed class RootKeyXmlEncryptor(SecretBox box) : IXmlEncryptor
{
    // The framework does not say for which row it encrypts.
    internal static readonly SecretPlace Place = new("data_protection_keys", "xml", "ring");

    public EncryptedXmlInfo Encrypt(XElement plaintextElement) =>
        new(new XElement("sealed", box.Seal(plaintextElement.ToString(SaveOptions.DisableFormatting), Place)), typeof(RootKeyXmlDecryptor));
}

/// <summary>Its name is written beside each sealed key; the framework makes it with the services.</summary>
internal sealed class RootKeyXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    private readonly SecretBox box = services.GetRequiredService<SecretBox>();

    public XElement Decrypt(XElement encryptedElement) => XElement.Parse(box.OpenText(encryptedElement.Value, RootKeyXmlEncryptor.Place));
}

/// <summary>Makes the first key while this node holds the migration lock, so that nodes which start at once share one.</summary>
internal sealed class DataProtectionStart(IDataProtectionProvider protection) : ISchemaMigration
{
    public string Name => "data protection";

    public Task MigrateAsync(CancellationToken ct)
    {
        protection.CreateProtector("TenantIdP.Start").Protect([]);
        return Task.CompletedTask;
    }
}
