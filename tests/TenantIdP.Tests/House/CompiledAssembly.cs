using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace TenantIdP.Tests.House;

/// <summary>What an assembly really uses: the compiler drops references nobody needs.</summary>
internal sealed class CompiledAssembly : IDisposable
{
    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields().Select(f => (OpCode)f.GetValue(null)!).ToDictionary(o => o.Value); // every field is one

    private readonly PEReader file;
    private readonly MetadataReader metadata;

    public CompiledAssembly(string name)
    {
        file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, name + ".dll")));
        metadata = file.GetMetadataReader();
    }

    public IEnumerable<string> References => metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name));

    /// <summary>Pairs of a type (the outermost, so that closures count for whom they belong to) and an assembly whose types or members it names.</summary>
    public IEnumerable<(string Type, string Assembly)> Uses()
    {
        foreach (var handle in metadata.TypeDefinitions)
        {
            var owner = OutermostName(handle);
            var found = new HashSet<string>(StringComparer.Ordinal);
            var visitor = new Visitor(this, found);
            visitor.Visit(handle);
            foreach (var assembly in found) yield return (owner, assembly);
        }
    }

    public void Dispose() => file.Dispose();

    private string OutermostName(TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        while (!type.GetDeclaringType().IsNil) type = metadata.GetTypeDefinition(type.GetDeclaringType());
        return $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
    }

    private sealed class Visitor(CompiledAssembly assembly, HashSet<string> found) : ISignatureTypeProvider<bool, object?>
    {
        private readonly MetadataReader metadata = assembly.metadata;

        public void Visit(TypeDefinitionHandle handle)
        {
            var type = metadata.GetTypeDefinition(handle);
            Visit(type.BaseType);
            foreach (var i in type.GetInterfaceImplementations()) Visit(metadata.GetInterfaceImplementation(i).Interface);
            foreach (var a in type.GetCustomAttributes()) Visit(metadata.GetCustomAttribute(a).Constructor);
            foreach (var f in type.GetFields()) metadata.GetFieldDefinition(f).DecodeSignature(this, null);
            foreach (var m in type.GetMethods())
            {
                var method = metadata.GetMethodDefinition(m);
                method.DecodeSignature(this, null);
                foreach (var a in method.GetCustomAttributes()) Visit(metadata.GetCustomAttribute(a).Constructor);
                if (method.RelativeVirtualAddress != 0) VisitBody(assembly.file.GetMethodBody(method.RelativeVirtualAddress));
            }
        }

        private void VisitBody(MethodBodyBlock body)
        {
            if (!body.LocalSignature.IsNil) metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(this, null);
            foreach (var region in body.ExceptionRegions) Visit(region.CatchType);
            var code = body.GetILReader();
            while (code.RemainingBytes > 0)
            {
                short value = code.ReadByte();
                if (value == 0xFE) value = unchecked((short)(0xFE00 | code.ReadByte()));
                switch (OpCodesByValue[value].OperandType)
                {
                    case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                        Visit(MetadataTokens.EntityHandle(code.ReadInt32()));
                        break;
                    case OperandType.InlineSwitch:
                        var targets = code.ReadInt32(); // before the offset is read: this moves it
                        code.Offset += 4 * targets;
                        break;
                    case OperandType.InlineI8 or OperandType.InlineR:
                        code.Offset += 8;
                        break;
                    case OperandType.InlineI or OperandType.InlineBrTarget or OperandType.InlineString or OperandType.InlineSig or OperandType.ShortInlineR:
                        code.Offset += 4;
                        break;
                    case OperandType.InlineVar:
                        code.Offset += 2;
                        break;
                    case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                        code.Offset += 1;
                        break;
                    default:
                        break; // no operand
                }
            }
        }

        private void Visit(EntityHandle handle)
        {
            if (handle.IsNil) return;
            switch (handle.Kind)
            {
                case HandleKind.TypeReference:
                    Add((TypeReferenceHandle)handle);
                    break;
                case HandleKind.TypeSpecification:
                    metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                    break;
                case HandleKind.MemberReference:
                    var member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                    Visit(member.Parent);
                    if (member.GetKind() == MemberReferenceKind.Field) member.DecodeFieldSignature(this, null);
                    else member.DecodeMethodSignature(this, null);
                    break;
                case HandleKind.MethodSpecification:
                    var generic = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                    Visit(generic.Method);
                    generic.DecodeSignature(this, null);
                    break;
                default:
                    break; // our own type or member
            }
        }

        private bool Add(TypeReferenceHandle handle)
        {
            var scope = metadata.GetTypeReference(handle).ResolutionScope;
            while (scope.Kind == HandleKind.TypeReference) scope = metadata.GetTypeReference((TypeReferenceHandle)scope).ResolutionScope;
            if (scope.Kind == HandleKind.AssemblyReference) found.Add(metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name));
            return true;
        }

        public bool GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => Add(handle);

        public bool GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public bool GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => true;

        public bool GetArrayType(bool elementType, ArrayShape shape) => true;

        public bool GetByReferenceType(bool elementType) => true;

        public bool GetFunctionPointerType(MethodSignature<bool> signature) => true;

        public bool GetGenericInstantiation(bool genericType, ImmutableArray<bool> typeArguments) => true;

        public bool GetGenericMethodParameter(object? genericContext, int index) => true;

        public bool GetGenericTypeParameter(object? genericContext, int index) => true;

        public bool GetModifiedType(bool modifier, bool unmodifiedType, bool isRequired) => true;

        public bool GetPinnedType(bool elementType) => true;

        public bool GetPointerType(bool elementType) => true;

        public bool GetPrimitiveType(PrimitiveTypeCode typeCode) => true;

        public bool GetSZArrayType(bool elementType) => true;
    }
}
