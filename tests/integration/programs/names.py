"""Calls every kind of function there is.  For Python 3.6 to 3.15.

Every code object compiled from this file, and from EXECUTED, is run at least once, and none is
compiled that is not: test_names.py takes the compiler's list and expects each in the profile.
"""

import functools
import sys
import threading
from contextlib import contextmanager

EXECUTED = '''
def executed():
    return [inner() for _ in range(1)]
def inner():
    class Local:
        def method(self):
            return (lambda: 1)()
    return Local().method()
executed()
'''


def plain():
    def nested():
        def deeper():
            return (lambda: (lambda: 1)())()

        return deeper()

    return nested()


def arguments(a, b=(lambda: 2)(), *, c=(lambda: 3)()):
    return a, b, c


class Meta(type):
    def __new__(mcs, name, bases, space):
        return super().__new__(mcs, name, bases, space)


class Outer(metaclass=Meta):
    class Inner:
        class Innermost:
            def method(self):
                class InMethod:
                    def method(self):
                        return [self for _ in range(1)]

                return InMethod().method()

        twice = (lambda n: 2 * n)(1)

    def __init__(self):
        self.__private()

    def __private(self):
        return {n: n for n in range(1)}, {n for n in range(1)}, [n for n in range(1)]

    @property
    def prop(self):
        return 1

    @prop.setter
    def prop(self, value):
        pass

    @staticmethod
    def static():
        return list(n for n in range(1))

    @classmethod
    def of_class(cls):
        return cls

    def __getattr__(self, name):
        return name

    def __len__(self):
        return 1

    def __lt__(self, other):
        return True

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


class Renamed:
    __qualname__ = "Something.Else"

    def method(self):
        return lambda: 1


def declares_global():
    global made_global, MadeGlobal

    def made_global():
        def inside():
            pass

        return inside()

    class MadeGlobal:
        def method(self):
            pass

    made_global()
    MadeGlobal().method()


def decorator(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@decorator
def decorated(n):
    return n


@contextmanager
def managed():
    yield 1


def generator():
    yield from delegated()


def delegated():
    try:
        yield 1
    except ValueError:
        yield 2


async def coroutine():
    return [n async for n in async_generator()], [await awaited() for _ in range(1)]


async def async_generator():
    yield await awaited()


async def awaited():
    return 1


def drive(coroutine_):
    try:
        coroutine_.send(None)
    except StopIteration:
        pass


def key(n):
    return -n


def partly(a, b):
    return a + b


def in_thread():
    (lambda: 1)()


def raising():
    def handler():
        raise KeyError

    try:
        handler()
    except KeyError:
        pass


def ünïcode():
    class Größe:
        def maß(self):
            pass

    Größe().maß()


def many_constants():
    # More than 256 constants, so that the compiler needs EXTENDED_ARG for the last ones.
    total = 0
    total += 1000 + total * 1001 + total * 1002 + total * 1003 + total * 1004 + total * 1005 + total * 1006 + total * 1007 + total * 1008 + total * 1009 + total * 1010 + total * 1011
    total += 1012 + total * 1013 + total * 1014 + total * 1015 + total * 1016 + total * 1017 + total * 1018 + total * 1019 + total * 1020 + total * 1021 + total * 1022 + total * 1023
    total += 1024 + total * 1025 + total * 1026 + total * 1027 + total * 1028 + total * 1029 + total * 1030 + total * 1031 + total * 1032 + total * 1033 + total * 1034 + total * 1035
    total += 1036 + total * 1037 + total * 1038 + total * 1039 + total * 1040 + total * 1041 + total * 1042 + total * 1043 + total * 1044 + total * 1045 + total * 1046 + total * 1047
    total += 1048 + total * 1049 + total * 1050 + total * 1051 + total * 1052 + total * 1053 + total * 1054 + total * 1055 + total * 1056 + total * 1057 + total * 1058 + total * 1059
    total += 1060 + total * 1061 + total * 1062 + total * 1063 + total * 1064 + total * 1065 + total * 1066 + total * 1067 + total * 1068 + total * 1069 + total * 1070 + total * 1071
    total += 1072 + total * 1073 + total * 1074 + total * 1075 + total * 1076 + total * 1077 + total * 1078 + total * 1079 + total * 1080 + total * 1081 + total * 1082 + total * 1083
    total += 1084 + total * 1085 + total * 1086 + total * 1087 + total * 1088 + total * 1089 + total * 1090 + total * 1091 + total * 1092 + total * 1093 + total * 1094 + total * 1095
    total += 1096 + total * 1097 + total * 1098 + total * 1099 + total * 1100 + total * 1101 + total * 1102 + total * 1103 + total * 1104 + total * 1105 + total * 1106 + total * 1107
    total += 1108 + total * 1109 + total * 1110 + total * 1111 + total * 1112 + total * 1113 + total * 1114 + total * 1115 + total * 1116 + total * 1117 + total * 1118 + total * 1119
    total += 1120 + total * 1121 + total * 1122 + total * 1123 + total * 1124 + total * 1125 + total * 1126 + total * 1127 + total * 1128 + total * 1129 + total * 1130 + total * 1131
    total += 1132 + total * 1133 + total * 1134 + total * 1135 + total * 1136 + total * 1137 + total * 1138 + total * 1139 + total * 1140 + total * 1141 + total * 1142 + total * 1143
    total += 1144 + total * 1145 + total * 1146 + total * 1147 + total * 1148 + total * 1149 + total * 1150 + total * 1151 + total * 1152 + total * 1153 + total * 1154 + total * 1155
    total += 1156 + total * 1157 + total * 1158 + total * 1159 + total * 1160 + total * 1161 + total * 1162 + total * 1163 + total * 1164 + total * 1165 + total * 1166 + total * 1167
    total += 1168 + total * 1169 + total * 1170 + total * 1171 + total * 1172 + total * 1173 + total * 1174 + total * 1175 + total * 1176 + total * 1177 + total * 1178 + total * 1179
    total += 1180 + total * 1181 + total * 1182 + total * 1183 + total * 1184 + total * 1185 + total * 1186 + total * 1187 + total * 1188 + total * 1189 + total * 1190 + total * 1191
    total += 1192 + total * 1193 + total * 1194 + total * 1195 + total * 1196 + total * 1197 + total * 1198 + total * 1199 + total * 1200 + total * 1201 + total * 1202 + total * 1203
    total += 1204 + total * 1205 + total * 1206 + total * 1207 + total * 1208 + total * 1209 + total * 1210 + total * 1211 + total * 1212 + total * 1213 + total * 1214 + total * 1215
    total += 1216 + total * 1217 + total * 1218 + total * 1219 + total * 1220 + total * 1221 + total * 1222 + total * 1223 + total * 1224 + total * 1225 + total * 1226 + total * 1227
    total += 1228 + total * 1229 + total * 1230 + total * 1231 + total * 1232 + total * 1233 + total * 1234 + total * 1235 + total * 1236 + total * 1237 + total * 1238 + total * 1239
    total += 1240 + total * 1241 + total * 1242 + total * 1243 + total * 1244 + total * 1245 + total * 1246 + total * 1247 + total * 1248 + total * 1249 + total * 1250 + total * 1251
    total += 1252 + total * 1253 + total * 1254 + total * 1255 + total * 1256 + total * 1257 + total * 1258 + total * 1259 + total * 1260 + total * 1261 + total * 1262 + total * 1263
    total += 1264 + total * 1265 + total * 1266 + total * 1267 + total * 1268 + total * 1269 + total * 1270 + total * 1271 + total * 1272 + total * 1273 + total * 1274 + total * 1275
    total += 1276 + total * 1277 + total * 1278 + total * 1279 + total * 1280 + total * 1281 + total * 1282 + total * 1283 + total * 1284 + total * 1285 + total * 1286 + total * 1287
    total += 1288 + total * 1289 + total * 1290 + total * 1291 + total * 1292 + total * 1293 + total * 1294 + total * 1295 + total * 1296 + total * 1297 + total * 1298 + total * 1299

    def last():
        return lambda: 1

    return last()()


def main():
    plain()
    arguments(1)
    outer = Outer()
    outer.prop = outer.prop
    outer.static()
    outer.of_class()
    outer.missing
    len(outer)
    with outer:
        outer < outer
    Outer.Inner.Innermost().method()
    Renamed().method()()
    declares_global()
    decorated(1)
    with managed():
        pass
    running = generator()
    next(running)
    running.throw(ValueError())
    drive(coroutine())
    sorted([2, 1], key=key)
    list(map(lambda n: n, [1]))
    functools.partial(partly, 1)(2)
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    raising()
    ünïcode()
    many_constants()
    exec(compile(EXECUTED, "<executed>", "exec"), {})
    eval("(lambda: 1)()")


main()
sys.stdout.write("done\n")
